// SPDX-License-Identifier: MIT
// usage: X_fuzz FOLDER…
// Runs a fuzz target on the files of its folders and on some thousand variants
// of each, so that targets and what they once found are tried in every build;
// libFuzzer takes this file's place with -DARCTRM_FUZZ=ON.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/random.h"
#include "tests/testing/fuzz.h"

namespace {

constexpr int kVariants = 2000;

void Change(std::string& bytes, arctrm::Random& random) {
  const auto place = [&] {
    return static_cast<size_t>(random.Below(bytes.size()));
  };
  for (int64_t changes = random.Between(1, 4); changes > 0; --changes) {
    if (bytes.empty()) return;
    switch (random.Below(4)) {
      case 0:
        bytes[place()] = static_cast<char>(random.Below(256));
        break;
      case 1:
        bytes.erase(place(), static_cast<size_t>(random.Between(1, 8)));
        break;
      case 2:
        bytes.insert(place(), 1, bytes[place()]);
        break;
      default:
        bytes[place()] ^= static_cast<char>(1 << random.Below(8));
    }
  }
}

void Try(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()),
                         bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(in)), {});
      Try(bytes);
      arctrm::Random random(0, entry.path().filename().string());
      for (int variant = 0; variant < kVariants; ++variant) {
        std::string changed = bytes;
        Change(changed, random);
        Try(changed);
      }
      ++files;
    }
  }
  std::printf("%d files, %d variants of each\n", files, kVariants);
  return files > 0 ? 0 : 1;
}
