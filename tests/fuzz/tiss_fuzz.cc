// SPDX-License-Identifier: MIT
//
// Takes any bytes for a script. What a script must do is in tiss_checks.h.
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tiss_checks.h"

namespace quanta::fuzz {

std::vector<Input> Seeds() {
  std::vector<Input> seeds;
  for (const std::string_view script :
       {"#TISS! A=b # c\n@persona \"p\" # d\nTASK \"t\" {\nSETUP { MKDIR \"x\" }\nSTEP 's' { VAR a "
        "= [1, {k: v}]; "
        "RUN \"cat d/*.txt | grep -E 'o(n|w)' > x/{{a}}.o 2>&1 && echo done\"\n}\n}\n",
        "STEP \"s\"\nIF \"a == 1\"\nRUN \"echo \"x\"\"\nELSE\nPROMPT_AGENT \"p\" -> a\nENDIF\n}\n",
        "PARALLEL {\nSTEP \"a\" { WRITE \"f\" <<E\n  x {{b}}\n y\nE\n PAUSE \"p\" }\nSTEP \"b\" { "
        "RUN \"rm -r d; ls\" } # z\n}\n",
        "CHOOSE {\n@lens \"l\"\nOPTION \"a\" { ASSERT false }\nOPTION \"b\" { ESTIMATE_COST { RUN "
        "\"x\" }\nREQUEST_REVIEW \"?\" INTO c }\n}\n",
        "SET_BUDGET API_CALLS = 1\nSTEP \"s\" { TRY { READ \"no\" AS x\n} CATCH AS y { LOG \"{{y}} "
        "\\{{x}}\" } }\nRESULT = <<\"R\"\n{{x}}\nR\n",
        "IF FILE \"d\" EXISTS AND NOT (COST.RUNS > 1 OR LAST_RUN.STDOUT IS_EMPTY) THEN { LOG \"a\" "
        "} ELSE IF x CONTAINS [1] { } ELSE { PAUSE \"b\" }\n"}) {
    seeds.emplace_back(script.begin(), script.end());
  }
  return seeds;
}

}  // namespace quanta::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  quanta::fuzz::accepted += quanta::lite::CheckScript({reinterpret_cast<const char*>(data), size});
  return 0;
}
