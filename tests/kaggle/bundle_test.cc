// SPDX-License-Identifier: MIT
#include "kaggle/bundle.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/hash.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "solver/checkpoint_info.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Key;
using ::testing::Not;

class BundleTest : public testing::Test {
 protected:
  BundleTest() {
    Write("clone/CMakeLists.txt",
          "project(arctrm VERSION 1)\nadd_subdirectory(base)\n"
          "add_subdirectory(cli)\nif(T)\n  add_subdirectory(tests)\n"
          "  add_subdirectory(bench)\nendif()\n");
    Write("clone/LICENSE", "ours");
    Write("clone/README.md", "read");
    Write("clone/THIRD_PARTY.md", "theirs");
    Write("clone/base/a.h", "int a;");
    Write("clone/base/deep/b.h", "int b;");
    Write("clone/base/.hidden", "no");
    Write("clone/cli/main.cc", "int main() {}");
    Write("clone/cli/__pycache__/x.pyc", "no");
    Write("clone/cmake/x.cmake", "x");
    Write("clone/recipes/nvarc.conf", "x");
    Write("clone/tests/a_test.cc", "no");
    Write("clone/bench/a.cc", "no");
    Write("clone/build/release/arctrm", "no");
    Write("clone/.git/config", "no");
    for (const char* name :
         {"absl", "simdjson", "zstd", "zlib", "CLI11", "nlohmann_json"}) {
      const std::string dir = absl::StrCat("third/", name, "/");
      Write(absl::StrCat(dir, name == std::string("zstd") ? "build/cmake/" : "",
                         "CMakeLists.txt"),
            name);
      Write(dir + "LICENSE", absl::StrCat("licence of ", name));
    }
    for (const char* version : {"2.8.0", "2.10.0"}) {
      const std::string dir = absl::StrCat("programs/torch-", version, "/");
      Write(dir + "arctrm", absl::StrCat("front ", version));
      Write(dir + "arctrm-solver", absl::StrCat("solver ", version));
    }
    options_.out = scratch_("bundle");
    options_.source = scratch_("clone");
    options_.third_party = scratch_("third");
    options_.owner = "me";
    options_.version = "1.2.3";
  }

  void Write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(MakeDirectories(Dirname(scratch_(name))).ok());
    ASSERT_TRUE(WriteFileAtomically(scratch_(name), text).ok());
  }
  std::string Read(const std::string& name) const {
    absl::StatusOr<std::string> text = ReadFile(scratch_(name));
    EXPECT_TRUE(text.ok()) << text.status();
    return text.ok() ? *text : "";
  }
  bool Exists(const std::string& name) const {
    return FileExists(scratch_(name));
  }
  BundleSummary Bundle() const {
    absl::StatusOr<BundleSummary> summary = WriteBundle(options_);
    EXPECT_TRUE(summary.ok()) << summary.status();
    return summary.ok() ? *std::move(summary) : BundleSummary();
  }
  // The error; also checks that nothing was written.
  std::string Refusal(absl::StatusCode code) const {
    const absl::StatusOr<BundleSummary> summary = WriteBundle(options_);
    EXPECT_EQ(summary.status().code(), code) << summary.status();
    EXPECT_FALSE(FileExists(FreshName(scratch_("bundle"))));
    return std::string(summary.status().message());
  }
  // Path in dataset/ and digest, as MANIFEST.sha256 has them.
  std::map<std::string, std::string> ReadManifest() const {
    std::map<std::string, std::string> digests;
    for (const std::string& line : std::vector<std::string>(
             absl::StrSplit(Read("bundle/dataset/MANIFEST.sha256"), '\n',
                            absl::SkipEmpty()))) {
      digests[line.substr(66)] = line.substr(0, 64);
    }
    return digests;
  }

  ScratchFolder scratch_;
  BundleOptions options_;
};

TEST_F(BundleTest, HoldsWhatBuildsAndNothingElse) {
  const BundleSummary summary = Bundle();
  std::vector<std::string> names;
  for (const auto& [name, digest] : ReadManifest()) names.push_back(name);
  EXPECT_THAT(
      names,
      ElementsAre(
          "LICENSES/CLI11.txt", "LICENSES/THIRD_PARTY.md", "LICENSES/absl.txt",
          "LICENSES/arctrm.txt", "LICENSES/nlohmann_json.txt",
          "LICENSES/simdjson.txt", "LICENSES/zlib.txt", "LICENSES/zstd.txt",
          "arctrm-bundle.json", "source/CMakeLists.txt", "source/LICENSE",
          "source/README.md", "source/THIRD_PARTY.md", "source/base/a.h",
          "source/base/deep/b.h", "source/cli/main.cc", "source/cmake/x.cmake",
          "source/recipes/nvarc.conf", "third_party/CLI11/CMakeLists.txt",
          "third_party/CLI11/LICENSE", "third_party/absl/CMakeLists.txt",
          "third_party/absl/LICENSE",
          "third_party/nlohmann_json/CMakeLists.txt",
          "third_party/nlohmann_json/LICENSE",
          "third_party/simdjson/CMakeLists.txt", "third_party/simdjson/LICENSE",
          "third_party/zlib/CMakeLists.txt", "third_party/zlib/LICENSE",
          "third_party/zstd/LICENSE",
          "third_party/zstd/build/cmake/CMakeLists.txt"));
  EXPECT_EQ(Read("bundle/dataset/LICENSES/arctrm.txt"), "ours");
  EXPECT_EQ(Read("bundle/dataset/LICENSES/absl.txt"), "licence of absl");
  int64_t files = 0;
  for (const BundlePart& part : summary.parts) {
    files += part.files;
    EXPECT_GT(part.bytes, 0) << part.name;
  }
  EXPECT_EQ(files, static_cast<int64_t>(names.size()));
}

TEST_F(BundleTest, ManifestHasTheDigestOfEveryFileThatIsUploaded) {
  options_.binaries = scratch_("programs");
  Bundle();
  const std::map<std::string, std::string> digests = ReadManifest();
  for (const auto& [name, digest] : digests) {
    EXPECT_EQ(Sha256Hex(Read("bundle/dataset/" + name)), digest) << name;
  }
  std::vector<std::string> there;
  const std::string dataset = scratch_("bundle/dataset");
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(dataset)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().lexically_relative(dataset).string();
    if (name == "MANIFEST.sha256" || name == "dataset-metadata.json") continue;
    EXPECT_THAT(digests, Contains(Key(name)));
  }
}

TEST_F(BundleTest, TakesTheProgramsAskedFor) {
  options_.binaries = scratch_("programs");
  EXPECT_THAT(Bundle().torch, ElementsAre("2.10.0", "2.8.0"));
  options_.torch = {"2.10.0"};
  EXPECT_THAT(Bundle().torch, ElementsAre("2.10.0"));
  EXPECT_EQ(Read("bundle/dataset/prebuilt/torch-2.10.0/arctrm-solver"),
            "solver 2.10.0");
  EXPECT_FALSE(Exists("bundle/dataset/prebuilt/torch-2.8.0"));
  options_.torch = {"2.9.1"};
  EXPECT_THAT(Refusal(absl::StatusCode::kNotFound),
              AllOf(HasSubstr("torch-2.9.1/arctrm is missing"),
                    HasSubstr("./dev bundle --torch 2.9.1")));
  options_.torch = {"../2.9.1"};
  EXPECT_THAT(Refusal(absl::StatusCode::kInvalidArgument),
              HasSubstr("expected a version"));
  options_.torch = {"2.10.0"};
  options_.binaries = "";
  EXPECT_THAT(Refusal(absl::StatusCode::kInvalidArgument),
              HasSubstr("--binaries"));
  options_.torch = {};
  options_.binaries = scratch_("clone");
  EXPECT_THAT(Refusal(absl::StatusCode::kNotFound),
              HasSubstr("no folder torch-<version>"));
}

TEST_F(BundleTest, WeightsAreTheMeanRowAndNoResumeState) {
  options_.checkpoint = ARCTRM_DEMO_CHECKPOINT;
  options_.recipe_name = "mine";
  options_.recipe_text = "train.ema = 0.5\n";
  Bundle();
  absl::StatusOr<CheckpointInfo> packed =
      ReadCheckpointInfo(scratch_("bundle/dataset/weights"));
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_EQ(packed->ids.num_ids, 2);
  EXPECT_FALSE(packed->has_resume_state);
  EXPECT_EQ(Read("bundle/dataset/recipe.conf"), options_.recipe_text);
  EXPECT_THAT(ReadManifest(),
              IsSupersetOf({Key("weights/model.safetensors"),
                            Key("weights/checkpoint.json"),
                            Key("weights/ids.zst"), Key("recipe.conf")}));
  const auto mark =
      nlohmann::json::parse(Read("bundle/dataset/arctrm-bundle.json"));
  EXPECT_EQ(mark["format"], "arctrm-bundle");
  EXPECT_EQ(mark["arctrm"], "1.2.3");
  EXPECT_EQ(mark["weights"], true);
  EXPECT_EQ(mark["recipe"], "mine");

  options_.keep_rows = true;
  Bundle();
  const absl::StatusOr<CheckpointInfo> before =
      ReadCheckpointInfo(options_.checkpoint);
  packed = ReadCheckpointInfo(scratch_("bundle/dataset/weights"));
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_EQ(packed->ids.num_ids, before->ids.num_ids);
}

TEST_F(BundleTest, MetadataAreWhatKaggleAsksFor) {
  options_.title = "My ARC: weights, 2nd";
  options_.competition = "arc-prize-2026-arc-agi-2";
  options_.accelerator = "l4X4";
  const BundleSummary summary = Bundle();
  EXPECT_EQ(summary.dataset_id, "me/my-arc-weights-2nd");
  EXPECT_EQ(summary.notebook_id, "me/my-arc-weights-2nd-run");
  const auto dataset =
      nlohmann::json::parse(Read("bundle/dataset/dataset-metadata.json"));
  EXPECT_EQ(dataset["id"], summary.dataset_id);
  EXPECT_EQ(dataset["title"], options_.title);
  EXPECT_EQ(dataset["licenses"].size(), 1u);
  EXPECT_EQ(dataset["licenses"][0]["name"], "other");
  // Kaggle wants 20 to 80 letters.
  EXPECT_GE(dataset["subtitle"].get<std::string>().size(), 20u);
  EXPECT_LE(dataset["subtitle"].get<std::string>().size(), 80u);
  const auto kernel =
      nlohmann::json::parse(Read("bundle/notebook/kernel-metadata.json"));
  EXPECT_EQ(kernel["id"], summary.notebook_id);
  EXPECT_EQ(SlugOf(kernel["title"].get<std::string>()),
            "my-arc-weights-2nd-run");
  EXPECT_EQ(kernel["code_file"], "arctrm.ipynb");
  EXPECT_TRUE(Exists("bundle/notebook/arctrm.ipynb"));
  EXPECT_EQ(kernel["enable_internet"], false);
  EXPECT_EQ(kernel["enable_gpu"], true);
  EXPECT_EQ(kernel["machine_shape"], "NvidiaL4");
  EXPECT_EQ(kernel["dataset_sources"][0], summary.dataset_id);
  EXPECT_EQ(kernel["competition_sources"][0], options_.competition);
  options_.slug = "another-name";
  EXPECT_EQ(Bundle().dataset_id, "me/another-name");
}

TEST_F(BundleTest, OwnBundlesAreReplacedAndNothingElse) {
  Bundle();
  Write("bundle/dataset/source/base/left.h", "of an older arctrm");
  options_.out += "/";
  Bundle();
  EXPECT_FALSE(Exists("bundle/dataset/source/base/left.h"));
  EXPECT_FALSE(FileExists(FreshName(scratch_("bundle"))));

  options_.out = scratch_("papers");
  Write("papers/thesis.tex", "precious");
  const absl::StatusOr<BundleSummary> refused = WriteBundle(options_);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("is not a bundle of arctrm"));
  EXPECT_EQ(Read("papers/thesis.tex"), "precious");
}

TEST_F(BundleTest, AFaultLeavesTheFormerBundle) {
  Bundle();
  Write("clone/base/a.h", "int changed;");
  options_.checkpoint = scratch_("nowhere");
  EXPECT_THAT(Refusal(absl::StatusCode::kNotFound), HasSubstr("nowhere"));
  EXPECT_EQ(Read("bundle/dataset/source/base/a.h"), "int a;");
}

TEST_F(BundleTest, WhatIsMissingIsNamed) {
  options_.source = scratch_("third");
  EXPECT_THAT(Refusal(absl::StatusCode::kNotFound),
              AllOf(HasSubstr("does not hold the sources of arctrm"),
                    HasSubstr("--source")));
  options_.source = scratch_("clone");
  options_.third_party = scratch_("none");
  EXPECT_THAT(
      Refusal(absl::StatusCode::kNotFound),
      AllOf(HasSubstr("none/absl"), HasSubstr("kaggle/third_party.sh")));
  options_.third_party = scratch_("third");
  ASSERT_TRUE(RemoveAll(scratch_("third/CLI11/LICENSE")).ok());
  EXPECT_THAT(Refusal(absl::StatusCode::kNotFound), HasSubstr("third/CLI11"));
}

TEST_F(BundleTest, NamesThatKaggleWouldNotTakeAreRefused) {
  options_.title = "short";
  EXPECT_THAT(Refusal(absl::StatusCode::kInvalidArgument), HasSubstr("--slug"));
  options_.title = "!!!!!!!!";
  EXPECT_THAT(Refusal(absl::StatusCode::kInvalidArgument),
              HasSubstr("would be \"\""));
  options_.title = std::string(47, 'a');
  EXPECT_THAT(Refusal(absl::StatusCode::kInvalidArgument),
              HasSubstr("6 to 46"));
  options_.title = "arctrm bundle";
  options_.slug = "Upper-Case";
  EXPECT_THAT(Refusal(absl::StatusCode::kInvalidArgument),
              HasSubstr("a-z, 0-9"));
  options_.slug = "";
  options_.owner = "me/you";
  EXPECT_THAT(Refusal(absl::StatusCode::kInvalidArgument),
              HasSubstr("--owner \"me/you\""));
  options_.owner = "me";
  options_.competition = "";
  EXPECT_THAT(Refusal(absl::StatusCode::kInvalidArgument),
              HasSubstr("--competition"));
  options_.competition = "arc-prize-2025";
  options_.accelerator = "P100";
  EXPECT_THAT(Refusal(absl::StatusCode::kInvalidArgument), HasSubstr("sm_60"));
  options_.accelerator = "T4";
  EXPECT_THAT(Refusal(absl::StatusCode::kInvalidArgument),
              AllOf(HasSubstr("unknown accelerator \"T4\""),
                    HasSubstr("T4x2, L4x1, L4x4"), Not(HasSubstr("P100"))));
}

TEST(FindSource, LooksInTheFoldersAbove) {
  const absl::StatusOr<std::string> found =
      FindSource(JoinPath(ARCTRM_CLONE, "kaggle/cells"));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(std::filesystem::equivalent(*found, ARCTRM_CLONE));
  EXPECT_EQ(FindSource("/").status().code(), absl::StatusCode::kNotFound);
}

TEST(SlugOf, IsWhatKaggleMakesOfATitle) {
  EXPECT_EQ(SlugOf("arctrm bundle"), "arctrm-bundle");
  EXPECT_EQ(SlugOf(" A -- b!c "), "a-b-c");
  EXPECT_EQ(SlugOf(""), "");
}

}  // namespace
}  // namespace arctrm
