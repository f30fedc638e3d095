// SPDX-License-Identifier: MIT
#include "tiss_lite/program/commands.h"

int main(int argc, char** argv) { return quanta::lite::program::RunProgram(argc, argv); }
