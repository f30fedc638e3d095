# The test of CMakeLists.txt, which defines the variables.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${work})
run(${CMAKE_COMMAND} --install ${build} --prefix ${work}/prefix)
file(RENAME ${work}/prefix ${work}/moved)
run(${CMAKE_COMMAND} -S ${source} -B ${work}/build -G ${generator}
  -DCMAKE_BUILD_TYPE=${build_type} -DCMAKE_C_COMPILER=${c_compiler}
  -DCMAKE_CXX_COMPILER=${cxx_compiler} -DCMAKE_CXX_FLAGS=${cxx_flags}
  -DCMAKE_PREFIX_PATH=${work}/moved)
run(${CMAKE_COMMAND} --build ${work}/build)
foreach(program plan generate)
  run(${work}/build/${program} ${model})
endforeach()
