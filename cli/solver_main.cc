// SPDX-License-Identifier: MIT
// The program arctrm-solver: carries out the commands of arctrm, or serves a
// leader as its worker.
#include <unistd.h>

#include <string>

#include "base/exceptions.h"
#include "base/stop.h"
#include "cli/app.h"
#include "pipeline/worker.h"
#include "solver/machine.h"

int main(int argc, char** argv) {
  arctrm::LoadCudaBackend();
  if (argc == 2 && std::string(argv[1]) == "worker") {
    arctrm::InstallStopSignals();
    arctrm::EndOnUncaught();
    return arctrm::ServeLeader(STDIN_FILENO, STDOUT_FILENO).ok() ? 0 : 1;
  }
  return arctrm::RunApp(argc, argv);
}
