// SPDX-License-Identifier: MIT
#include "runtime/cli/program.h"

int main(int argc, char** argv) { return quanta::cli::RunProgram(argc, argv); }
