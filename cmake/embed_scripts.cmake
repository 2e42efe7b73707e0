# Writes every script as a raw string: namespace headgate::retry::embedded { const Source sources[] }.
set(text "#include \"retry/scripts.hpp\"\n\nnamespace headgate::retry::embedded {\n\nconst Source sources[] = {\n")
foreach(script ${SCRIPTS})
  get_filename_component(name ${script} NAME_WE)
  file(READ ${script} body)
  string(APPEND text "    {\"${name}\", R\"lua(${body})lua\"},\n")
endforeach()
string(APPEND text "};\nconst std::size_t source_count = sizeof sources / sizeof sources[0];\n\n}  // namespace headgate::retry::embedded\n")
file(WRITE ${OUT} "${text}")
