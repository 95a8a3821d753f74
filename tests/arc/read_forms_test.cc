// SPDX-License-Identifier: MIT
// All forms and places of tasks and solutions.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "base/compress.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/arc/arc_files.h"
#include "tests/testing/gzip.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr ReadTasksOptions kLeaveOut = {.leave_out = true};

// A task with the input `cell`.
std::string TaskOf(const std::string& cell) {
  return absl::StrCat("{\"train\": [{\"input\": [[", cell,
                      "]], \"output\": [[2]]}], \"test\": [{\"input\": [[3]], "
                      "\"output\": [[4]]}]}");
}

// A grid of one row of `cols` zeros.
std::string WideGrid(int cols) {
  std::string row = "0";
  for (int i = 1; i < cols; ++i) row += ",0";
  return "[[" + row + "]]";
}

std::vector<std::string> Ids(const TaskFiles& files) {
  std::vector<std::string> ids;
  for (const Task& task : files.challenges.tasks) ids.push_back(task.id);
  return ids;
}

std::string Message(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  return std::string(status.message());
}

std::string Remarks(const TaskFiles& files) {
  std::string text;
  for (const Remark& remark : files.remarks) {
    absl::StrAppend(&text, WholeRemarkText(remark), "\n");
  }
  return text;
}

TaskFiles Read(const std::string& path, ReadTasksOptions options = {}) {
  absl::StatusOr<TaskFiles> files = ReadTasks(path, options);
  EXPECT_TRUE(files.ok()) << files.status();
  return files.ok() ? *std::move(files) : TaskFiles();
}

TEST(ReadForms, PackedFilesByContentNotByName) {
  const std::string dir = ScratchFolder();
  const TaskFiles plain = Read(Save(dir, "c.json", kChallenges));
  for (const std::string& bytes :
       {Gzip(kChallenges), ZstdCompress(kChallenges)}) {
    for (const std::string name : {"c.json", "c.json.gz", "c"}) {
      const TaskFiles files = Read(Save(dir, name, bytes));
      EXPECT_EQ(files.challenges.tasks, plain.challenges.tasks);
      EXPECT_THAT(files.remarks, IsEmpty());
    }
  }
  EXPECT_TRUE(
      ReadSolutions(Save(dir, "s.json", Gzip(kSolutions)), &plain.challenges)
          .ok());
  // The id of a task file has neither extension.
  EXPECT_THAT(Ids(Read(Save(dir, "b.json.gz", Gzip(kOneTask)))),
              ElementsAre("b"));
  EXPECT_THAT(Ids(Read(Save(dir, "B.JSON", kOneTask))), ElementsAre("B"));
}

TEST(ReadForms, StandInsAreCalledByTheirName) {
  const std::string dir = ScratchFolder();
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"
      "size 28374123\n";
  const std::string path = Save(dir, "c.json", pointer);
  EXPECT_EQ(Message(ReadTasks(path).status()),
            path +
                ": a git-lfs pointer, not the file itself (28374123 bytes): "
                "fetch it with git lfs pull");
  EXPECT_EQ(Message(ReadSolutions(path, nullptr).status()),
            Message(ReadTasks(path).status()));
  Save(dir, "c.json", Gzip(kChallenges).substr(0, 40));
  EXPECT_THAT(Message(ReadTasks(path).status()), HasSubstr("truncated"));
  Save(dir, "c.json", "{\"a\": NaN}");
  EXPECT_THAT(Message(ReadTasks(path).status()),
              HasSubstr("found NaN, which JSON does not have"));
  Save(dir, "c.json", "{'a': 1}");
  EXPECT_THAT(Message(ReadTasks(path).status()), HasSubstr("json.dump"));
}

TEST(ReadForms, JsonLinesOfEveryForm) {
  const std::string dir = ScratchFolder();
  const std::string pair = R"({"input": [[1]], "output": [[2]]})";
  const std::string text = absl::StrCat(
      R"({"id": "named", )", TaskOf("1").substr(1), "\n\n",
      R"({"source": "x", "examples": [[[[1]], [[2]]], [[[3]], [[4]]]]})",
      "\r\n", "[", pair, ", ", pair, "]\n",  //
      R"({"map": )", TaskOf("5"), "}\n", R"({"task_id": 17, "examples": [)",
      pair, "]}\n", R"({"name": "late.json", )", TaskOf("6").substr(1));
  const TaskFiles files = Read(Save(dir, "t.jsonl", text));
  EXPECT_THAT(Ids(files),
              ElementsAre("named", "t:3", "t:4", "map", "17", "late"));
  const Task& barc = files.challenges.tasks[1];
  ASSERT_THAT(barc.demonstrations, SizeIs(2));
  EXPECT_EQ(barc.demonstrations[1].output, Grid::FromText("4"));
  EXPECT_EQ(files.solutions.at("t:3")[0], Grid::FromText("4"));
  // Without an extension, the first line decides.
  EXPECT_THAT(Ids(Read(Save(dir, "u", text))), SizeIs(6));
  EXPECT_THAT(Ids(Read(Save(dir, "u.jsonl.gz", Gzip(text)))), SizeIs(6));
  // With the extension, one line is enough.
  EXPECT_THAT(Ids(Read(Save(dir, "one.ndjson",
                            R"({"id": "q", )" + TaskOf("1").substr(1)))),
              ElementsAre("q"));
}

TEST(ReadForms, AListOfTasksIsReadLikeLines) {
  const std::string text =
      absl::StrCat(R"([{"id": "p", )", TaskOf("1").substr(1),
                   R"(, {"examples": [[[[1]], [[2]]]]}])");
  EXPECT_THAT(Ids(Read(Save(ScratchFolder(), "t.json", text))),
              ElementsAre("p", "t:2"));
}

TEST(ReadForms, PairListsByTheirIds) {
  const TaskFiles files = Read(Save(ScratchFolder(), "t.json",
                                    R"({"p": [{"input": [[1]], "output": [[2]]},
                     {"input": [[3]], "output": [[4]]}],
               "q": [{"input": [[5]], "output": [[6]]}]})"));
  EXPECT_THAT(Ids(files), ElementsAre("p", "q"));
  EXPECT_THAT(files.challenges.tasks[0].demonstrations, SizeIs(2));
}

TEST(ReadForms, PairsOfATaskOnLinesOfTheirOwn) {
  const std::string dir = ScratchFolder();
  const TaskFiles files = Read(
      Save(dir, "t.jsonl",
           R"({"id": "a", "input": [[1]], "output": [[2]], "difficulty": 0.5}
{"id": "b", "input": [[3]], "output": [[4]]}
{"id": "a", "input": [[5]], "output": [[6]]}
)"));
  EXPECT_THAT(Ids(files), ElementsAre("a", "b"));
  EXPECT_THAT(files.challenges.tasks[0].demonstrations, SizeIs(2));
  EXPECT_EQ(files.solutions.at("a")[0], Grid::FromText("6"));
}

TEST(ReadForms, FaultsOfLinesNameTheLine) {
  const std::string dir = ScratchFolder();
  const std::string good = R"({"examples": [[[[1]], [[2]]]]})";
  const std::string path =
      Save(dir, "t.jsonl",
           absl::StrCat(good, "\n{\"examples\": [[[[1]], [[2]]],}\n", good,
                        "\n{\"id\": \"x\", \"examples\": [[[[1]]]]}\n7\n"));
  EXPECT_THAT(
      Message(ReadTasks(path).status()),
      AllOf(HasSubstr(path + ": 3 faults: line 2: not JSON: column "),
            HasSubstr("line 4: task x: examples[0]: expected an input and an "
                      "output grid, found 1 item"),
            HasSubstr("line 5: expected a task")));
  const TaskFiles files = Read(path, kLeaveOut);
  EXPECT_THAT(Ids(files), ElementsAre("t:1", "t:3"));
  EXPECT_THAT(Remarks(files),
              AllOf(HasSubstr("left out 3 of 5 tasks: line 2 (not JSON"),
                    HasSubstr("x (examples[0]"), HasSubstr("line 5 (")));
  // A damaged first line in a file with the extension.
  EXPECT_THAT(
      Ids(Read(Save(dir, "u.jsonl", "{\"examples\n" + good + "\n" + good),
               kLeaveOut)),
      ElementsAre("u:2", "u:3"));
}

TEST(ReadForms, SetsInOneFileAreChosenByName) {
  const std::string dir = ScratchFolder();
  const std::string train = absl::StrCat("\"train\": {\"a\": ", TaskOf("1"),
                                         ", \"b\": ", TaskOf("2"), "}");
  const std::string eval = absl::StrCat("\"eval\": {\"c\": ", TaskOf("3"), "}");
  const std::string one = Save(dir, "one.json", "{" + train + "}");
  EXPECT_THAT(Ids(Read(one)), ElementsAre("a", "b"));
  EXPECT_THAT(Ids(Read(one + "#train")), ElementsAre("a", "b"));
  const std::string both =
      Save(dir, "both.json", absl::StrCat("{", train, ", ", eval, "}"));
  EXPECT_THAT(Message(ReadTasks(both).status()),
              HasSubstr("holds 2 sets: train (2 tasks), eval (1 task); append "
                        "the name of one to the path, as in FILE#train"));
  EXPECT_THAT(Ids(Read(both + "#eval")), ElementsAre("c"));
  EXPECT_EQ(TaskFilePath(both + "#eval"), both);
  EXPECT_EQ(TaskFilePath(both), both);
  EXPECT_THAT(Message(ReadTasks(both + "#test").status()),
              HasSubstr("holds no set test; holds 2 sets"));
  EXPECT_THAT(
      Message(ReadTasks(Save(dir, "c.json", kChallenges) + "#x").status()),
      HasSubstr("holds no sets"));
  // A file may have such a name.
  EXPECT_THAT(Ids(Read(Save(dir, "t#1.json", kOneTask))), ElementsAre("t#1"));
}

TEST(ReadForms, EveryTaskBelowAFolder) {
  const std::string dir = ScratchFolder();
  for (const char* folder : {"evaluation/deep", "training", ".git"}) {
    ASSERT_TRUE(MakeDirectories(JoinPath(dir, folder)).ok());
  }
  Save(dir, "training/t1.json", kOneTask);
  Save(dir, "training/T2.JSON", kOneTask);
  Save(dir, "evaluation/deep/e1.json.gz", Gzip(kOneTask));
  Save(dir, "evaluation/more.jsonl",
       R"({"examples": [[[[1]], [[2]]]]})"
       "\n"
       R"({"examples": [[[[3]], [[4]]]]})");
  Save(dir, "README.md", "words");
  Save(dir, "training/LICENSE", "words");
  Save(dir, ".hidden.json", "no task");
  Save(dir, ".git/config.json", "no task");
  std::filesystem::create_directory_symlink(dir, dir + "/training/loop");
  const TaskFiles files = Read(dir);
  EXPECT_THAT(Ids(files), ElementsAre("e1", "more:1", "more:2", "T2", "t1"));
  EXPECT_THAT(Remarks(files),
              AllOf(HasSubstr("skipped 3 files (*.json, "),
                    HasSubstr("README.md; training/LICENSE; training/loop"),
                    HasSubstr("2 names that begin with a dot")));
  for (const Remark& remark : files.remarks) EXPECT_FALSE(remark.warns);
}

TEST(ReadForms, ResultsAmongTheTasksArePassedOver) {
  const std::string dir = ScratchFolder();
  for (const char* folder : {"s.json.run", "data", "empty", "theirs"}) {
    ASSERT_TRUE(MakeDirectories(JoinPath(dir, folder)).ok());
  }
  Save(dir, "t1.json", kOneTask);
  Save(dir, "s.json", R"({"t1": [{"attempt_1": [[0]], "attempt_2": [[0]]}]})");
  Save(dir, "s.json.run/run.json", R"({"format": "arctrm-run"})");
  Save(dir, "s.json.run/challenges.json", R"({"t1": 1})");
  Save(dir, "data/dataset.json", R"({"format": "arctrm-dataset"})");
  Save(dir, "notes.txt", "words");
  const TaskFiles files = Read(dir);
  EXPECT_THAT(Ids(files), ElementsAre("t1"));
  EXPECT_THAT(
      Remarks(files),
      AllOf(HasSubstr("data (a folder that arctrm made)"),
            HasSubstr("s.json.run (a folder"), HasSubstr("s.json (a sub")));
  for (const char* name :
       {"s.json", "s.json.run", "data", "empty", "notes.txt", ".hidden.json"}) {
    EXPECT_TRUE(IsPassedOver(JoinPath(dir, name))) << name;
  }
  EXPECT_FALSE(IsPassedOver(JoinPath(dir, "t1.json")));
  // A file with this name from another program.
  Save(dir, "theirs/run.json", kOneTask);
  EXPECT_FALSE(IsPassedOver(JoinPath(dir, "theirs")));
  EXPECT_THAT(Ids(Read(dir)), ElementsAre("t1", "run"));
}

TEST(ReadForms, WhatCantBeReadInAFolderIsNamed) {
  const std::string dir = ScratchFolder();
  Save(dir, "a.json", kOneTask);
  std::filesystem::create_symlink(dir + "/nowhere", dir + "/b.json");
  Save(dir, "c.json", "version https://git-lfs.github.com/spec/v1\nsize 7\n");
  Save(dir, "d.json", "{");
  EXPECT_THAT(
      Message(ReadTasks(dir).status()),
      AllOf(HasSubstr(dir + ": 3 faults: b.json: a link to a missing file; "),
            HasSubstr("c.json: a git-lfs pointer, not the file itself "
                      "(7 bytes)"),
            HasSubstr("d.json: not JSON")));
  const TaskFiles files = Read(dir, kLeaveOut);
  EXPECT_THAT(Ids(files), ElementsAre("a"));
  EXPECT_THAT(Remarks(files),
              HasSubstr("left out 3 of 4 tasks: b.json: a link"));
}

TEST(ReadForms, AnIdTwiceInAFolder) {
  const std::string dir = ScratchFolder();
  for (const char* folder : {"x", "y", "z"}) {
    ASSERT_TRUE(MakeDirectories(JoinPath(dir, folder)).ok());
  }
  Save(dir, "x/a.json", TaskOf("1"));
  Save(dir, "y/a.json", TaskOf("7"));
  Save(dir, "z/a.json", TaskOf("1"));
  EXPECT_THAT(Message(ReadTasks(dir).status()),
              HasSubstr("y/a.json: task a: is also in x/a.json"));
  // A different task with the same id gets a new name; an equal one is used
  // once.
  const TaskFiles files = Read(dir, kLeaveOut);
  EXPECT_THAT(Ids(files), ElementsAre("a", "a#2"));
  EXPECT_THAT(Remarks(files), HasSubstr("1 task occurs more than once"));
}

TEST(ReadForms, AnIdTwiceInOneObject) {
  const std::string dir = ScratchFolder();
  const auto twice = [](const std::string& first, const std::string& second) {
    return absl::StrCat("{\"a\": ", TaskOf(first), ", \"b\": ", TaskOf("5"),
                        ", \"a\": ", TaskOf(second), "}");
  };
  const std::string lines =
      Save(dir, "x.jsonl", twice("1", "7") + "\n{\"c\": " + TaskOf("3") + "}");
  const std::string other = Save(dir, "x.json", twice("1", "7"));
  const std::string set =
      Save(dir, "set.json", "{\"train\": " + twice("1", "7") + "}");
  for (const std::string& path : {other, set}) {
    EXPECT_THAT(Message(ReadTasks(path).status()),
                HasSubstr(path + ": task a: occurs twice"));
    const TaskFiles files = Read(path, kLeaveOut);
    EXPECT_THAT(Ids(files), ElementsAre("a", "b", "a#2"));
    EXPECT_THAT(files.shared_ids, ElementsAre("a", "a#2"));
    EXPECT_THAT(Remarks(files),
                HasSubstr("1 task has the id of another task; kept as: a#2"));
  }
  EXPECT_THAT(Message(ReadTasks(lines).status()),
              HasSubstr("line 1: task a: is also in line 1; each task"));
  EXPECT_THAT(Ids(Read(lines, kLeaveOut)), ElementsAre("a", "b", "a#2", "c"));
  const TaskFiles alike = Read(Save(dir, "y.json", twice("1", "1")), kLeaveOut);
  EXPECT_THAT(Ids(alike), ElementsAre("a", "b"));
  EXPECT_THAT(
      Remarks(alike),
      HasSubstr(
          "1 task occurs more than once with equal content; used once: a"));
  // The owner of the solution "a" is unknown, and which of two is right.
  const std::string solutions =
      Save(dir, "s.json", R"({"a": [[[4]]], "b": [[[4]]]})");
  const absl::StatusOr<UsableSolutions> usable =
      ReadUsableSolutions(solutions, Read(other, kLeaveOut));
  ASSERT_TRUE(usable.ok()) << usable.status();
  EXPECT_THAT(usable->unusable, SizeIs(2));
  EXPECT_THAT(usable->unusable.at("a#2"), HasSubstr("have this id"));
  Save(dir, "s.json", R"({"a": [[[4]]], "b": [[[4]]], "a": [[[5]]]})");
  EXPECT_THAT(ReadUsableSolutions(solutions, alike)->unusable.at("a"),
              HasSubstr("occurs twice"));
}

TEST(ReadForms, LinesOfOldMacsAndWindows) {
  const std::string dir = ScratchFolder();
  for (const std::string end : {"\r", "\n", "\r\n"}) {
    const std::string text = absl::StrCat(
        "{\"a\": ", TaskOf("1"), "}", end, end, "{\"b\": ", TaskOf("x"), "}",
        end, "{\"c\": ", TaskOf("2"), "}", end);
    const std::string path = Save(dir, "x.jsonl", text);
    EXPECT_THAT(Message(ReadTasks(path).status()),
                HasSubstr(path + ": line 3: not JSON: column "));
    EXPECT_THAT(Ids(Read(path, kLeaveOut)), ElementsAre("a", "c"));
  }
}

TEST(ReadForms, AllFaultsOfEveryFormAreCounted) {
  const std::string dir = ScratchFolder();
  constexpr int kFaults = 25;
  std::string map = "{\"good\": " + TaskOf("1");
  std::string lines = "{\"good\": " + TaskOf("1") + "}\n";
  std::string list = "[{\"id\": \"good\", " + TaskOf("1").substr(1);
  for (int i = 0; i < kFaults; ++i) {
    const std::string bad = TaskOf("11");
    absl::StrAppend(&map, ", \"t", i, "\": ", bad);
    absl::StrAppend(&lines, i % 2 ? "{\"t\": " : "{\"id\": ", bad, "}\n");
    absl::StrAppend(&list, ", {\"id\": \"t", i, "\", ", bad.substr(1));
    Save(dir, absl::StrCat("t", i, ".json"), i % 2 ? bad : "{\"train\": [");
  }
  const std::string counted = absl::StrCat(": ", kFaults, " faults: ");
  EXPECT_THAT(Message(ReadTasks(dir).status()),
              AllOf(HasSubstr(counted), HasSubstr("; and 15 more")));
  for (const std::string& text : {map + "}", lines, list + "]"}) {
    EXPECT_THAT(Message(ReadTasks(Save(dir, "all.json", text)).status()),
                AllOf(HasSubstr(counted), HasSubstr("; and 15 more")))
        << text.substr(0, 20);
  }
}

TEST(ReadForms, AllFaultsInOneGo) {
  const std::string dir = ScratchFolder();
  std::string text = "{";
  for (int i = 0; i < 15; ++i) {
    absl::StrAppend(&text, i ? "," : "", "\"t", i,
                    "\": ", TaskOf(i % 2 ? "1" : "11"));
  }
  const std::string path = Save(dir, "c.json", text + "}");
  const std::string eight = Message(ReadTasks(path).status());
  EXPECT_THAT(eight, AllOf(HasSubstr(": 8 faults: task t0: train[0].input row "
                                     "0 column 0: expected a colour"),
                           HasSubstr("; task t14: ")));
  Save(dir, "c.json", R"({"a": {"train": [{"input": [[1],[2,3]], "output": []},
      {"input": 3}], "test": [{}]}})");
  EXPECT_THAT(Message(ReadTasks(path).status()),
              AllOf(HasSubstr(": 5 faults: "), HasSubstr("train[0].output: "),
                    HasSubstr("train[1].input: "),
                    HasSubstr("train[1]: \"output\" is missing"),
                    HasSubstr("test[0]: \"input\" is missing")));
  std::string many = "{\"a\": [";
  for (int i = 0; i < 500; ++i) absl::StrAppend(&many, i ? "," : "", "[]");
  Save(dir, "c.json", many + "]}");
  EXPECT_THAT(Message(ReadSolutions(path, nullptr).status()),
              AllOf(HasSubstr(": 500 faults: "), HasSubstr("and 490 more")));
}

TEST(ReadForms, LeavesOutPairsAndTasksThatDontFit) {
  const std::string dir = ScratchFolder();
  const std::string pair = R"({"input": [[1]], "output": [[2]]})";
  const std::string wide =
      absl::StrCat("{\"input\": ", WideGrid(31), ", \"output\": [[2]]}");
  const auto task = [](const std::string& train, const std::string& test) {
    return absl::StrCat("{\"train\": [", train, "], \"test\": [", test, "]}");
  };
  const std::string path = Save(
      dir, "c.json",
      absl::StrCat("{\"a\": ", task(pair + "," + wide, pair),
                   ", \"b\": ", task(wide, pair), ", \"c\": ", task(pair, wide),
                   ", \"d\": ", task(pair, R"({"input": [[1],[2,3]]})"),
                   ", \"e\": ", task(pair, pair + "," + wide), "}"));
  const TaskFiles files = Read(path, kLeaveOut);
  EXPECT_THAT(Ids(files), ElementsAre("a", "c", "e"));
  EXPECT_THAT(files.challenges.tasks[0].demonstrations, SizeIs(1));
  // c has no test pair left, so its demonstration becomes one.
  EXPECT_EQ(files.solutions.at("c")[0], Grid::FromText("2"));
  EXPECT_THAT(files.solutions.at("e"), SizeIs(1));
  EXPECT_THAT(files.left_out, ElementsAre("b", "d"));
  EXPECT_THAT(
      Remarks(files),
      AllOf(HasSubstr("left out 2 of 5 tasks: b (train[0].input row 0: a row "
                      "has 1 to 30 cells, found 31); d (test[0].input row 1"),
            HasSubstr("left out 3 pairs of tasks that have other pairs: a "
                      "(train[1].input"),
            HasSubstr("c (test[0].input"), HasSubstr("e (test[1].input")));
  Save(dir, "c.json", absl::StrCat("{\"b\": ", task(wide, pair), "}"));
  EXPECT_THAT(Message(ReadTasks(path, kLeaveOut).status()),
              AllOf(HasSubstr("left out 1 of 1 tasks: b ("),
                    HasSubstr("no task is left")));
}

TEST(ReadForms, AReArcFileAloneAndALostPair) {
  const std::string dir = ScratchFolder();
  const std::string text = absl::StrCat(
      R"([{"input": [[1]], "output": [[2]]}, {"input": )", WideGrid(40),
      R"(, "output": [[4]]}, {"input": [[5]], "output": [[6]]}])");
  const std::string path = Save(dir, "e26a3af2.json", text);
  const TaskFiles files = Read(path, kLeaveOut);
  EXPECT_THAT(Ids(files), ElementsAre("e26a3af2"));
  EXPECT_THAT(files.challenges.tasks[0].demonstrations, SizeIs(2));
  EXPECT_EQ(files.solutions.at("e26a3af2")[0], Grid::FromText("6"));
  EXPECT_THAT(Message(ReadTasks(path).status()),
              HasSubstr("examples[1].input"));
}

TEST(ReadForms, AFileOfManyTasksInAFolderIsRefusedEither) {
  const std::string dir = ScratchFolder();
  Save(dir, "a.json", kOneTask);
  Save(dir, "challenges.json", kChallenges);
  EXPECT_THAT(Message(ReadTasks(dir, kLeaveOut).status()),
              HasSubstr("challenges.json: a file of many tasks in a folder"));
}

TEST(ReadForms, AnOutputOfNullIsNone) {
  const TaskFiles files =
      Read(Save(ScratchFolder(), "a.json",
                R"({"train": [{"input": [[1]], "output": [[2]]}],
          "test": [{"input": [[3]], "output": null}]})"));
  EXPECT_THAT(Ids(files), ElementsAre("a"));
  EXPECT_THAT(files.solutions, IsEmpty());
}

TEST(ReadForms, SolutionsInLines) {
  const std::string dir = ScratchFolder();
  const std::string text =
      R"({"a": [[[1]], [[2]]]}
{"id": "b", "solution": [[3, 4]]}
{"task_id": "c", "solutions": [[[5]]]})";
  const auto solutions = ReadSolutions(Save(dir, "s.jsonl", text), nullptr);
  ASSERT_TRUE(solutions.ok()) << solutions.status();
  EXPECT_THAT(*solutions, SizeIs(3));
  EXPECT_EQ(solutions->at("b")[0], Grid::FromText("34"));
  const std::string bad = Save(dir, "s.jsonl", text + "\n{\"d\": [[[11]]]}\n");
  EXPECT_THAT(Message(ReadSolutions(bad, nullptr).status()),
              HasSubstr("line 4: task d: solution[0]"));
  TaskFiles tasks;
  for (const std::string id : {"a", "b", "d"}) {
    const size_t tests = id == "a" ? 2 : 1;
    tasks.challenges.tasks.push_back(
        {id, {}, std::vector<Grid>(tests, Grid::FromText("1"))});
  }
  tasks.left_out = {"c"};
  const auto usable = ReadUsableSolutions(bad, tasks);
  ASSERT_TRUE(usable.ok()) << usable.status();
  EXPECT_THAT(usable->solutions, SizeIs(3));
  EXPECT_THAT(usable->unusable.at("d"), HasSubstr("expected a colour"));
  tasks.left_out.clear();
  EXPECT_THAT(
      Message(ReadUsableSolutions(bad, tasks).status()),
      HasSubstr("task c: a solution for a task that is not in the challenges"));
}

}  // namespace
}  // namespace arctrm
