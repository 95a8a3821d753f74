// SPDX-License-Identifier: MIT
// main() of the test programs that link LibTorch.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/machine.h"

int main(int argc, char** argv) {
  arctrm::LoadCudaBackend();
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
