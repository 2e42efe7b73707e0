# Writes each of FILES as a raw string into OUT: namespace NAMESPACE { const Source sources[] }, as HEADER declares it.
set(text "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n\nconst Source sources[] = {\n")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} body)
  string(APPEND text "    {\"${name}\", R\"text(${body})text\"},\n")
endforeach()
string(APPEND text "};\nconst std::size_t source_count = sizeof sources / sizeof sources[0];\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE ${OUT} "${text}")
