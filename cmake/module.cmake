# headgate_module(NAME DEPENDS libs...): one static library from every .cpp below the current folder.
function(headgate_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(headgate_${name} STATIC ${sources})
  target_link_libraries(headgate_${name} PUBLIC headgate_options ${ARG_DEPENDS})
endfunction()
