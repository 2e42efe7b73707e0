# Warnings, sanitizers and definitions every target of ours gets through one interface target.
add_library(headgate_options INTERFACE)
target_include_directories(headgate_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(headgate_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>  # gcc 12 sees one in every coroutine that Asio allocates
  $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)     # and takes the sources of a unit for headers
target_compile_definitions(headgate_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  HEADGATE_VERSION="${PROJECT_VERSION}")
if(HEADGATE_SANITIZE)
  # A finding ends the program, and with it the test; the library's own checks of bounds and states go with them.
  add_compile_options(-fsanitize=${HEADGATE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    -D_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${HEADGATE_SANITIZE})
  # g++ takes long for what it checks at each use of a pointer. A null one faults by itself; the others are not looked for.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fno-sanitize=null,alignment,object-size,vptr>)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
