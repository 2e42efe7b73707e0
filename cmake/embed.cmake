# headgate_embed(MODULE HEADER NAMESPACE files...): files that a module's library has in it, so that a binary and they
# cannot drift apart.
function(headgate_embed module header namespace)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${module}_embedded.cpp)
  set(writer ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DHEADER=${header} -DNAMESPACE=${namespace} "-DFILES=${ARGN}" -P ${writer}
    DEPENDS ${ARGN} ${writer} VERBATIM)
  target_sources(headgate_${module} PRIVATE ${out})
endfunction()
