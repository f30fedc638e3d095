// SPDX-License-Identifier: MIT
#include "converter/commands.h"

int main(int argc, char** argv) { return quanta::converter::RunProgram(argc, argv); }
