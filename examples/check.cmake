# cmake -DPROGRAM=... -DEXPECTED=... -P check.cmake: runs the program, which must print what the file EXPECTED holds.
execute_process(COMMAND ${PROGRAM} RESULT_VARIABLE code OUTPUT_VARIABLE printed ERROR_VARIABLE complained)
file(READ ${EXPECTED} expected)
string(REPLACE "\r\n" "\n" printed "${printed}") # header fields end in CRLF
if(NOT code EQUAL 0 OR NOT printed STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} ended with ${code} and printed\n${printed}${complained}\nwhere ${EXPECTED} has\n${expected}")
endif()
