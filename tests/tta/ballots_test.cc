// SPDX-License-Identifier: MIT
#include "tta/ballots.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/placeholder.h"
#include "augment/augmentation.h"
#include "base/compress.h"
#include "base/files.h"
#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

// Writes without syncing.
void Spill(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  ASSERT_TRUE(file.good());
}

std::string TestPath(const std::string& name) {
  const std::string dir = JoinPath(
      ::testing::TempDir(),
      absl::StrCat(
          "tta_ballots_",
          ::testing::UnitTest::GetInstance()->current_test_info()->name()));
  EXPECT_TRUE(MakeDirectories(dir).ok());
  return JoinPath(dir, name);
}

Vote MakeVote(const std::string& grid, float confidence, int dihedral = 0,
              const std::string& source = "run") {
  Augmentation augmentation;
  augmentation.dihedral = dihedral;
  return {grid.empty() ? Grid() : Grid::FromText(grid), confidence,
          augmentation.Key(), source};
}

struct Cast {
  std::string task;
  int test = 0;
  Vote vote;
};

// Few answers and confidences, so that ties of every kind are common.
std::vector<Cast> RandomCasts(uint64_t seed, int count) {
  const std::vector<std::string> answers = {"1",   "2",     "12", "21",
                                            "1 2", "12 34", ""};
  Random random(seed, "test");
  std::vector<Cast> casts;
  for (int i = 0; i < count; ++i) {
    Augmentation augmentation = RandomAugmentation(random);
    casts.push_back(
        {random.Chance(0.5) ? "a" : "b", random.Between(0, 1),
         Vote{Grid(), static_cast<float>(random.Between(1, 7)) / 7.0f,
              augmentation.Key(), absl::StrCat("run", random.Between(0, 2))}});
    const std::string& answer = answers[random.Below(answers.size())];
    if (!answer.empty()) casts.back().vote.grid = Grid::FromText(answer);
  }
  return casts;
}

Ballots FromCasts(const std::vector<Cast>& casts) {
  Ballots ballots;
  for (const Cast& cast : casts) ballots.Add(cast.task, cast.test, cast.vote);
  return ballots;
}

std::string Bytes(const Ballots& ballots, const std::string& name) {
  const std::string path = TestPath(name);
  EXPECT_EQ(ballots.Write(path), absl::OkStatus());
  return ReadFile(path).value();
}

TEST(Ballots, CountsEqualAnswersAndRanksByVotes) {
  Ballots ballots;
  ballots.Add("a", 0, MakeVote("1", 0.9f, 0));
  ballots.Add("a", 0, MakeVote("2", 0.1f, 1));
  ballots.Add("a", 0, MakeVote("2", 0.3f, 2));
  const std::vector<Candidate> ranked = ballots.Rank("a", 0);
  ASSERT_EQ(ranked.size(), 2u);
  EXPECT_EQ(ranked[0].grid, Grid::FromText("2"));
  EXPECT_EQ(ranked[0].votes, 2);
  EXPECT_NEAR(ranked[0].mean_confidence, 0.2, 1e-7);
  EXPECT_EQ(ranked[1].grid, Grid::FromText("1"));
  EXPECT_TRUE(ballots.Rank("a", 1).empty());
  EXPECT_TRUE(ballots.Rank("b", 0).empty());
}

TEST(Ballots, EqualVotesRankByMeanConfidence) {
  Ballots ballots;
  ballots.Add("a", 0, MakeVote("1", 0.4f, 0));
  ballots.Add("a", 0, MakeVote("2", 0.5f, 1));
  EXPECT_EQ(ballots.Rank("a", 0)[0].grid, Grid::FromText("2"));
}

TEST(Ballots, ExactTiesRankByContentWhateverCameFirst) {
  const std::vector<std::string> in_order = {"3", "2 1", "12", "21"};
  for (const bool reverse : {false, true}) {
    Ballots ballots;
    for (size_t i = 0; i < in_order.size(); ++i) {
      const size_t at = reverse ? in_order.size() - 1 - i : i;
      ballots.Add("a", 0, MakeVote(in_order[at], 0.5f, static_cast<int>(i)));
    }
    std::vector<Grid> grids;
    for (const Candidate& c : ballots.Rank("a", 0)) grids.push_back(c.grid);
    // Rows, then columns, then cells.
    EXPECT_THAT(grids, ::testing::ElementsAre(
                           Grid::FromText("3"), Grid::FromText("12"),
                           Grid::FromText("21"), Grid::FromText("2 1")));
  }
}

TEST(Ballots, EmptyGridsAreRememberedButDoNotVote) {
  Ballots ballots;
  for (int i = 0; i < 5; ++i) ballots.Add("a", 0, MakeVote("", 0.9f, i));
  ballots.Add("a", 0, MakeVote("7", 0.1f, 5));
  EXPECT_EQ(ballots.num_asked(), 6);
  EXPECT_EQ(ballots.num_votes(), 1);
  EXPECT_EQ(ballots.num_votes("a", 0), 1);
  EXPECT_EQ(ballots.num_votes("a", 1), 0);
  EXPECT_TRUE(ballots.Has("a", 0, "run", "t3|0123456789"));
  EXPECT_FALSE(ballots.Has("a", 0, "other", "t3|0123456789"));
  EXPECT_FALSE(ballots.Has("a", 1, "run", "t3|0123456789"));
  const std::vector<Candidate> ranked = ballots.Rank("a", 0);
  ASSERT_EQ(ranked.size(), 1u);
  EXPECT_EQ(ranked[0].grid, Grid::FromText("7"));
}

TEST(Ballots, LaterVoteOfTheSameViewReplacesTheEarlier) {
  Ballots ballots;
  ballots.Add("a", 0, MakeVote("1", 0.5f));
  ballots.Add("a", 0, MakeVote("2", 0.25f));
  EXPECT_EQ(ballots.num_asked(), 1);
  ASSERT_EQ(ballots.Rank("a", 0).size(), 1u);
  EXPECT_EQ(ballots.Rank("a", 0)[0].grid, Grid::FromText("2"));
}

TEST(Ballots, ConfidenceIsKeptWithinZeroAndOne) {
  Ballots ballots;
  ballots.Add("a", 0,
              MakeVote("1", std::numeric_limits<float>::quiet_NaN(), 0));
  ballots.Add("a", 0, MakeVote("2", 3.0f, 1));
  ballots.Add("a", 0, MakeVote("3", -1.0f, 2));
  const std::vector<Candidate> ranked = ballots.Rank("a", 0);
  ASSERT_EQ(ranked.size(), 3u);
  EXPECT_EQ(ranked[0].grid, Grid::FromText("2"));
  EXPECT_EQ(ranked[0].mean_confidence, 1);
  EXPECT_EQ(ranked[1].mean_confidence, 0);
  EXPECT_EQ(ranked[2].mean_confidence, 0);
}

TEST(Ballots, NothingDependsOnTheOrderOfAdding) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<Cast> casts = RandomCasts(seed, 120);
    const Ballots first = FromCasts(casts);
    Random random(seed, "shuffle");
    random.Shuffle(casts);
    const Ballots second = FromCasts(casts);
    for (const std::string task : {"a", "b"}) {
      for (int test = 0; test < 2; ++test) {
        const auto x = first.Rank(task, test);
        const auto y = second.Rank(task, test);
        ASSERT_EQ(x.size(), y.size());
        for (size_t i = 0; i < x.size(); ++i) {
          EXPECT_EQ(x[i].grid, y[i].grid);
          EXPECT_EQ(x[i].votes, y[i].votes);
          // Bitwise equality.
          EXPECT_EQ(x[i].mean_confidence, y[i].mean_confidence);
        }
      }
    }
    EXPECT_EQ(Bytes(first, "x"), Bytes(second, "y"));
  }
}

TEST(Ballots, NothingDependsOnTheOrderOfMerging) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Ballots a = FromCasts(RandomCasts(seed, 60));
    const Ballots b = FromCasts(RandomCasts(seed + 100, 60));
    const Ballots c = FromCasts(RandomCasts(seed + 200, 60));
    Ballots forward;
    forward.Merge(a, 0.3);
    forward.Merge(b, 0.1);
    forward.Merge(c, 0.7);
    Ballots backward;
    backward.Merge(c, 0.7);
    backward.Merge(b, 0.1);
    backward.Merge(a, 0.3);
    EXPECT_EQ(forward, backward);
    EXPECT_EQ(Bytes(forward, "x"), Bytes(backward, "y"));
    const auto x = forward.Rank("a", 0);
    const auto y = backward.Rank("a", 0);
    ASSERT_EQ(x.size(), y.size());
    for (size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(x[i].grid, y[i].grid);
      EXPECT_EQ(x[i].votes, y[i].votes);
      EXPECT_EQ(x[i].mean_confidence, y[i].mean_confidence);
    }
  }
}

TEST(Ballots, MergeWeighsVotesAndConfidence) {
  Ballots a;
  a.Add("t", 0, MakeVote("1", 0.25f, 0, "x"));
  Ballots b;
  b.Add("t", 0, MakeVote("1", 0.75f, 0, "y"));
  b.Add("t", 0, MakeVote("2", 0.5f, 1, "y"));
  Ballots merged;
  merged.Merge(a);
  merged.Merge(b, 3);
  const std::vector<Candidate> ranked = merged.Rank("t", 0);
  ASSERT_EQ(ranked.size(), 2u);
  EXPECT_EQ(ranked[0].votes, 4);
  EXPECT_EQ(ranked[0].mean_confidence, (0.25 + 3 * 0.75) / 4);
  EXPECT_EQ(ranked[1].votes, 3);
}

TEST(Ballots, MergingAFileTwiceChangesNothing) {
  const Ballots once = FromCasts(RandomCasts(1, 80));
  Ballots twice = once;
  twice.Merge(once);
  EXPECT_EQ(once, twice);
  twice.Merge(twice);
  EXPECT_EQ(once, twice);
}

TEST(Ballots, DifferentVotesUnderOneNameBothCount) {
  Ballots a;
  a.Add("t", 0, MakeVote("1", 0.5f));
  Ballots b;
  b.Add("t", 0, MakeVote("2", 0.5f));
  a.Merge(b);
  EXPECT_EQ(a.Rank("t", 0).size(), 2u);
  EXPECT_EQ(a.num_votes(), 2);
  const std::string path = TestPath("both");
  ASSERT_EQ(a.Write(path), absl::OkStatus());
  EXPECT_EQ(Ballots::Read(path).value(), a);
}

TEST(Ballots, FileGivesBackTheSameBallotsAndBytes) {
  Ballots ballots = FromCasts(RandomCasts(7, 300));
  ballots.Add("id \"with\" \\ and \n", 3,
              MakeVote("0123456789", 0.1f, 7, "source/\t\xc3\xa9"));
  Ballots weighted;
  weighted.Merge(ballots, 1.0 / 3);
  const std::string path = TestPath("ballots");
  ASSERT_EQ(weighted.Write(path), absl::OkStatus());
  const absl::StatusOr<Ballots> read = Ballots::Read(path);
  ASSERT_EQ(read.status(), absl::OkStatus());
  EXPECT_EQ(*read, weighted);
  EXPECT_EQ(Bytes(*read, "again"), ReadFile(path).value());
}

// The example of docs/formats.md: version 1 must stay readable, and written
// files must match the documentation.
TEST(Ballots, DocumentedExampleIsWhatIsReadAndWritten) {
  const std::string text =
      "{\"format\":\"arctrm-ballots\",\"version\":1,\"votes\":3}\n"
      "{\"task\":\"007bbfb7\",\"test\":0,\"source\":\"run\","
      "\"view\":\"t0|0123456789\",\"confidence\":0.75,\"weight\":1,"
      "\"grid\":\"700 070 007\"}\n"
      "{\"task\":\"007bbfb7\",\"test\":0,\"source\":\"run\","
      "\"view\":\"t1|0213456789\",\"confidence\":0.5,\"weight\":1,"
      "\"grid\":\"700 070 007\"}\n"
      "{\"task\":\"007bbfb7\",\"test\":0,\"source\":\"run\","
      "\"view\":\"t4|0123456789\",\"confidence\":0.125,\"weight\":1,"
      "\"grid\":\"\"}\n";
  const std::string path = TestPath("example");
  Spill(path, ZstdCompress(text));
  const absl::StatusOr<Ballots> ballots = Ballots::Read(path);
  ASSERT_EQ(ballots.status(), absl::OkStatus());
  const std::vector<Candidate> ranked = ballots->Rank("007bbfb7", 0);
  ASSERT_EQ(ranked.size(), 1u);
  EXPECT_EQ(ranked[0].votes, 2);
  EXPECT_EQ(ranked[0].mean_confidence, 0.625);
  EXPECT_EQ(ballots->num_asked(), 3);
  ASSERT_EQ(ballots->Write(path), absl::OkStatus());
  EXPECT_EQ(ZstdDecompress(ReadFile(path).value(), 1 << 20).value(), text);
}

TEST(Ballots, EveryFloatSurvivesTheFile) {
  Ballots ballots;
  Random random(3, "floats");
  for (int i = 0; i < 2000; ++i) {
    Vote vote = MakeVote("1", static_cast<float>(random.Uniform()));
    if (i % 2 == 0) {
      vote.confidence = std::ldexp(vote.confidence, -random.Between(0, 140));
    }
    ballots.Add("t", i, vote);
  }
  const std::string path = TestPath("floats");
  ASSERT_EQ(ballots.Write(path), absl::OkStatus());
  EXPECT_EQ(Ballots::Read(path).value(), ballots);
}

TEST(Ballots, NamesThatAreNotUtf8AreRefusedAndNothingIsWritten) {
  Ballots ballots;
  ballots.Add("\xff\xfe", 0, MakeVote("1", 0.5f));
  const std::string path = TestPath("bad_name");
  EXPECT_EQ(ballots.Write(path).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(FileExists(path));
}

// Writes `content` compressed and reads it as ballots.
absl::Status ReadContent(const std::string& content) {
  const std::string path = TestPath("content");
  Spill(path, ZstdCompress(content));
  return Ballots::Read(path).status();
}

TEST(Ballots, EveryTruncationIsDataLoss) {
  const std::string path = TestPath("whole");
  ASSERT_EQ(FromCasts(RandomCasts(2, 5)).Write(path), absl::OkStatus());
  const std::string bytes = ReadFile(path).value();
  const std::string cut = TestPath("cut");
  for (size_t size = 0; size < bytes.size(); ++size) {
    Spill(cut, bytes.substr(0, size));
    const absl::Status status = Ballots::Read(cut).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << size;
    ASSERT_THAT(std::string(status.message()), HasSubstr(cut));
  }
}

TEST(Ballots, FlippedBitsNeverPass) {
  const std::string path = TestPath("whole");
  ASSERT_EQ(FromCasts(RandomCasts(2, 5)).Write(path), absl::OkStatus());
  const std::string bytes = ReadFile(path).value();
  const std::string flipped_path = TestPath("flipped");
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    Spill(flipped_path, flipped);
    const absl::StatusOr<Ballots> read = Ballots::Read(flipped_path);
    // zstd ignores one reserved bit of its header, so the content may be
    // intact.
    if (read.ok()) {
      EXPECT_EQ(*read, FromCasts(RandomCasts(2, 5))) << at;
    } else {
      EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << at;
    }
  }
}

TEST(Ballots, DamagedContentIsDataLossWithItsPlace) {
  const std::string header =
      "{\"format\":\"arctrm-ballots\",\"version\":1,\"votes\":1}\n";
  const auto line = [](const std::string& test, const std::string& view,
                       const std::string& confidence, const std::string& weight,
                       const std::string& grid) {
    return absl::StrCat("{\"task\":\"a\",\"test\":", test,
                        ",\"source\":\"r\",\"view\":\"", view,
                        "\",\"confidence\":", confidence,
                        ",\"weight\":", weight, ",\"grid\":\"", grid, "\"}\n");
  };
  const std::string view = "t0|0123456789";
  const std::string good = line("0", view, "0.5", "1", "12 34");
  ASSERT_EQ(ReadContent(header + good), absl::OkStatus());
  const std::vector<std::string> bad = {
      "",
      header,                // fewer than in the header
      header + good + good,  // the same vote twice
      header + good + line("1", view, "0.5", "1", "1"),  // more
      header + good.substr(0, good.size() - 1),          // no line end
      header + "\n",
      header + "[]\n",
      header + "{}\n",
      header + "{\"task\":\n",
      header + line("-1", view, "0.5", "1", "1"),
      header + line("3000000000", view, "0.5", "1", "1"),
      header + line("0.5", view, "0.5", "1", "1"),
      header + line("0", "t9|0123456789", "0.5", "1", "1"),
      header + line("0", view, "1.5", "1", "1"),
      header + line("0", view, "-0.5", "1", "1"),
      header + line("0", view, "null", "1", "1"),
      header + line("0", view, "0.5", "0", "1"),
      header + line("0", view, "0.5", "-1", "1"),
      header + line("0", view, "0.5", "1", "12 3"),
      header + line("0", view, "0.5", "1", " 1"),
      header + line("0", view, "0.5", "1", "1 "),
      header + line("0", view, "0.5", "1", "1  1"),
      header + line("0", view, "0.5", "1", "1a"),
      header + line("0", view, "0.5", "1", std::string(31, '1')),
      header + line("0", view, "0.5", "1", "\xff"),
      "{\"format\":\"arctrm-ballots\",\"votes\":1}\n" + good,
      "{\"format\":\"arctrm-ballots\",\"version\":0,\"votes\":1}\n" + good,
      "{\"format\":\"arctrm-ballots\",\"version\":1}\n" + good,
      "{\"format\":\"arctrm-ballots\",\"version\":1,\"votes\":-1}\n" + good,
  };
  for (const std::string& content : bad) {
    const absl::Status status = ReadContent(content);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << content;
    EXPECT_THAT(std::string(status.message()), HasSubstr("content")) << content;
  }
  EXPECT_THAT(std::string(ReadContent(header + "{}\n").message()),
              HasSubstr("line 2 (byte 50 of the content)"));
}

TEST(Ballots, OtherFilesAndNewerVersionsAreFailedPrecondition) {
  EXPECT_EQ(ReadContent("{\"format\":\"else\"}\n").code(),
            absl::StatusCode::kFailedPrecondition);
  const absl::Status newer =
      ReadContent("{\"format\":\"arctrm-ballots\",\"version\":2}\n");
  EXPECT_EQ(newer.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(newer.message()), HasSubstr("version 2"));
  EXPECT_EQ(Ballots::Read(TestPath("absent")).status().code(),
            absl::StatusCode::kNotFound);
}

ChallengeSet TwoTasks() {
  ChallengeSet challenges;
  const std::vector<Pair> pairs = {{Grid::FromText("1"), Grid::FromText("2")}};
  challenges.tasks.push_back(
      {"b", pairs, {Grid::FromText("1"), Grid::FromText("2")}});
  challenges.tasks.push_back({"a", pairs, {Grid::FromText("3")}});
  return challenges;
}

TEST(ChooseAttempts, TakesTheTwoBestAndNeverOneTwice) {
  Ballots ballots;
  for (int i = 0; i < 3; ++i) ballots.Add("b", 0, MakeVote("5", 0.5f, i));
  for (int i = 3; i < 5; ++i) ballots.Add("b", 0, MakeVote("6", 0.5f, i));
  ballots.Add("b", 0, MakeVote("7", 0.5f, 5));
  ballots.Add("b", 1, MakeVote("8", 0.5f, 0));
  ballots.Add("a", 0, MakeVote("9", 0.5f, 0));
  const ChallengeSet challenges = TwoTasks();
  const Submission submission = ChooseAttempts(ballots, challenges);
  ASSERT_EQ(submission.size(), 2u);
  EXPECT_THAT(submission.at("b"),
              ::testing::ElementsAre(
                  Attempts{Grid::FromText("5"), Grid::FromText("6")},
                  OnlyAnswer(Grid::FromText("8"), *challenges.Find("b"), 1)));
  EXPECT_THAT(submission.at("a"),
              ::testing::ElementsAre(
                  OnlyAnswer(Grid::FromText("9"), *challenges.Find("a"), 0)));
}

TEST(Ballots, NameTheirRunAndWhatTheyAreFor) {
  Ballots ballots;
  ballots.Add("a", 0, MakeVote("8", 0.5f));
  ballots.Add("b", 1, MakeVote("9", 0.5f));
  EXPECT_THAT(ballots.Inputs(), ::testing::ElementsAre(TestInputKey("a", 0),
                                                       TestInputKey("b", 1)));
  EXPECT_EQ(ballots.Sources().size(), 1u);
  const std::string path = JoinPath(::testing::TempDir(), "named.zst");
  ASSERT_TRUE(ballots.Write(path).ok());
  EXPECT_EQ(Ballots::Read(path)->run(), "");
  ballots.SetRun("0f");
  ASSERT_TRUE(ballots.Write(path).ok());
  EXPECT_EQ(Ballots::Read(path)->run(), "0f");
  EXPECT_TRUE(*Ballots::Read(path) == ballots);
}

TEST(ChooseAttempts, TestInputsWithoutVotesStayInPlace) {
  Ballots ballots;
  ballots.Add("b", 0, MakeVote("", 0.9f));
  ballots.Add("b", 1, MakeVote("8", 0.5f));
  ballots.Add("unknown", 0, MakeVote("8", 0.5f));
  const Submission submission = ChooseAttempts(ballots, TwoTasks());
  const ChallengeSet challenges = TwoTasks();
  ASSERT_EQ(submission.size(), 2u);
  EXPECT_THAT(submission.at("b"),
              ::testing::ElementsAre(
                  PlaceholderFor(*challenges.Find("b"), 0),
                  OnlyAnswer(Grid::FromText("8"), *challenges.Find("b"), 1)));
  EXPECT_THAT(submission.at("a"),
              ::testing::ElementsAre(PlaceholderFor(*challenges.Find("a"), 0)));
}

Vote WithSecond(Vote vote, const char* second) {
  vote.second = Grid::FromText(second);
  return vote;
}

Attempts AttemptsOf(const Ballots& ballots) {
  return ChooseAttempts(ballots, TwoTasks()).at("a")[0];
}

TEST(ChooseAttempts, SecondAnswersFillUpWhereAllVotesAgree) {
  Ballots ballots;
  for (int i = 0; i < 3; ++i) {
    ballots.Add("a", 0, WithSecond(MakeVote("5", 0.5f, i), i < 1 ? "6" : "7"));
  }
  EXPECT_EQ(AttemptsOf(ballots),
            (Attempts{Grid::FromText("5"), Grid::FromText("7")}));
  EXPECT_EQ(ballots.num_votes(), 3);
  EXPECT_EQ(ballots.Rank("a", 0).size(), 1u);
  const std::vector<Candidate> candidates = ballots.Candidates("a", 0);
  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_EQ(candidates[0].votes, 3);
  EXPECT_EQ(candidates[1].votes, 0);
}

TEST(ChooseAttempts, SecondAnswersNeverOutweighAVote) {
  Ballots ballots;
  for (int i = 0; i < 9; ++i) {
    ballots.Add("a", 0, WithSecond(MakeVote("5", 0.5f, i), "7"));
  }
  ballots.Add("a", 0, WithSecond(MakeVote("6", 0.0f, 9), "5"));
  EXPECT_EQ(AttemptsOf(ballots),
            (Attempts{Grid::FromText("5"), Grid::FromText("6")}));
  EXPECT_EQ(ballots.Candidates("a", 0).size(), 2u);
}

TEST(ChooseAttempts, SecondAnswersOfEmptyOnesAreBetterThanNothing) {
  Ballots ballots;
  ballots.Add("a", 0, WithSecond(MakeVote("", 0.5f, 0), "7"));
  EXPECT_EQ(AttemptsOf(ballots),
            OnlyAnswer(Grid::FromText("7"), *TwoTasks().Find("a"), 0));
  ballots.Add("a", 0, WithSecond(MakeVote("", 0.9f, 1), "8"));
  EXPECT_EQ(AttemptsOf(ballots),
            (Attempts{Grid::FromText("8"), Grid::FromText("7")}));
  EXPECT_EQ(ballots.num_votes(), 0);
}

TEST(Ballots, SecondAnswersAreKeptInFilesAndMerges) {
  const std::string path = TestPath("seconds.zst");
  Ballots ballots;
  ballots.Add("a", 0, WithSecond(MakeVote("5", 0.5f, 0), "12 34"));
  ballots.Add("a", 0, MakeVote("5", 0.25f, 1));
  ASSERT_TRUE(ballots.Write(path).ok());
  const auto read = Ballots::Read(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, ballots);
  // The same vote from an older program without second answers.
  Ballots older;
  older.Add("a", 0, MakeVote("5", 0.5f, 0));
  Ballots merged = older;
  merged.Merge(ballots);
  Ballots other_way = ballots;
  other_way.Merge(older);
  EXPECT_EQ(merged, other_way);
  EXPECT_EQ(AttemptsOf(merged),
            (Attempts{Grid::FromText("5"), Grid::FromText("12 34")}));
}

TEST(Ballots, SecondAnswersThatAreNoGridsAreDataLoss) {
  const std::string head =
      "{\"format\":\"arctrm-ballots\",\"version\":1,\"votes\":1}\n"
      "{\"task\":\"a\",\"test\":0,\"source\":\"run\",\"view\":"
      "\"t0|0123456789\",\"confidence\":0.5,\"weight\":1,\"grid\":\"1\"";
  EXPECT_TRUE(ReadContent(head + "}\n").ok());
  EXPECT_TRUE(ReadContent(head + ",\"second\":\"12\"}\n").ok());
  for (const char* bad : {"\"\"", "3", "null", "\"1x\"", "\"12 3\"", "[]"}) {
    EXPECT_EQ(
        ReadContent(absl::StrCat(head, ",\"second\":", bad, "}\n")).code(),
        absl::StatusCode::kDataLoss)
        << bad;
  }
}

}  // namespace
}  // namespace arctrm
