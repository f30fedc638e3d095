// SPDX-License-Identifier: MIT
#include "train_host/cli/program.h"

int main(int argc, char** argv) { return quanta::train::RunProgram(argc, argv); }
