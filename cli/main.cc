// SPDX-License-Identifier: MIT
#include "cli/app.h"

int main(int argc, char** argv) { return arctrm::RunApp(argc, argv); }
