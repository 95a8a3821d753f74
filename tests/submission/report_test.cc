// SPDX-License-Identifier: MIT
#include "submission/report.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "submission/internal/curves.h"
#include "submission/internal/html.h"
#include "submission/internal/report_tasks.h"
#include "tests/submission/markup.h"
#include "tests/testing/grid.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<CurvePoint> Curve(int size) {
  std::vector<CurvePoint> curve;
  for (int i = 0; i < size; ++i) {
    CurvePoint point;
    point.step = i + 1;
    point.time_s = 2.0 * i;
    point.loss = 2.0 / (i + 1);
    point.accuracy = 0.9;
    point.exact_accuracy = 0.25;
    point.steps = 4;
    point.q_halt_loss = 0.5;
    curve.push_back(point);
  }
  return curve;
}

// Task "solved": one output, right by attempt 2. Task "half": two outputs, one
// right. Task "wrong": the right answer is candidate 3. Task "silent": no vote.
ReportData Sample() {
  ReportData data;
  data.title = "Sample run";
  data.status = "done";
  data.facts = {{"Settings", {{"seed", "7"}, {"train.steps", "400"}}}};
  data.curve = Curve(30);
  const auto add = [&](const char* id, const char* group,
                       std::vector<ReportTestInput> tests) {
    ReportTask task;
    task.task.id = id;
    task.task.demonstrations = {{G("12"), G("21")}, {G("3"), G("4")}};
    task.task.test_inputs.assign(tests.size(), G("56 78"));
    task.group = group;
    task.tests = std::move(tests);
    data.tasks.push_back(std::move(task));
  };
  const Grid one = G("1 2");
  const Grid two = G("1 3");
  const Grid three = G("9");
  add("solved", "old rule", {{{{one, 5, .5}, {two, 1, .25}}, {one, two}, two}});
  add("half", "new rule",
      {{{{one, 5, .5}}, {one, one}, one},
       {{{two, 2.5, .5}}, {two, two}, three}});
  add("wrong", "new rule",
      {{{{one, 9, .9}, {two, 8, .8}, {three, 7, .7}}, {one, two}, three}});
  add("silent", "new rule", {{{}, {Grid(1, 1), Grid(1, 1)}, one}});
  Submission submission;
  SolutionSet solutions;
  CandidateGrids candidates;
  for (const ReportTask& task : data.tasks) {
    int index = 0;
    for (const ReportTestInput& test : task.tests) {
      submission[task.task.id].push_back(test.attempts);
      solutions[task.task.id].push_back(*test.solution);
      for (const ReportCandidate& candidate : test.candidates) {
        candidates[{task.task.id, index}].push_back(candidate.grid);
      }
      ++index;
    }
  }
  data.score = Score(submission, solutions, candidates).value();
  data.label_scores = {
      {"old rule",
       Score(submission, {{"solved", solutions["solved"]}}).value()}};
  return data;
}

TEST(Report, IsOneWellFormedFileWithoutOutsideResources) {
  const std::string html = ReportHtml(Sample());
  EXPECT_EQ(MarkupFault(html), "");
  for (const char* part : {"http:", "https:", "//www", "src=", "url(",
                           "@import", "<link", "<img", "<iframe", "fetch("}) {
    EXPECT_THAT(html, Not(HasSubstr(part)));
  }
  EXPECT_THAT(html, AllOf(HasSubstr("prefers-color-scheme: dark"),
                          HasSubstr("@media print")));
}

TEST(Report, ShowsHeadlineNumbers) {
  const std::string html = ReportHtml(Sample());
  // Per task: (1 + 1/2 + 0 + 0) / 4; per output: 2 of 5.
  EXPECT_THAT(html, HasSubstr("<span>Two attempts, per task</span><b>37.5&nbsp;"
                              "%</b><small>1 of 4 tasks fully solved"));
  EXPECT_THAT(html, HasSubstr("<span>Two attempts, per output</span><b>40.0"
                              "&nbsp;%</b><small>2 of 5 outputs"));
  EXPECT_THAT(html, HasSubstr("<span>First attempt, per task</span><b>12.5"
                              "&nbsp;%</b><small>per output 20.0&nbsp;%, 1 of "
                              "5"));
  EXPECT_THAT(html, HasSubstr("<span>Right among all candidates</span><b>60.0"
                              "&nbsp;%</b><small>3 of 5 outputs"));
  EXPECT_THAT(html, HasSubstr("4 tasks, 5 test inputs, 4 with votes"));
  EXPECT_THAT(html, HasSubstr("<tr><th scope=\"row\">old rule</th><td>1</td>"
                              "<td>100.0&nbsp;%<small>1 of 1</small></td>"));
  EXPECT_THAT(html, HasSubstr("<tr class=\"all\"><th scope=\"row\">All tasks"));
  EXPECT_THAT(html,
              HasSubstr("<th scope=\"row\">train.steps</th><td>400</td>"));
}

TEST(Report, ShowsEveryTaskWithItsOutcome) {
  const std::string html = ReportHtml(Sample());
  const std::pair<const char*, const char*> states[] = {{"solved", "solved"},
                                                        {"half", "partly"},
                                                        {"wrong", "unsolved"},
                                                        {"silent", "unsolved"}};
  int number = 0;
  for (const auto& [id, state] : states) {
    EXPECT_THAT(html, HasSubstr(absl::StrCat("<h3>", id, "</h3>")));
    EXPECT_THAT(html, HasSubstr(absl::StrCat("id=\"task-", number,
                                             "\" data-state=\"", state, "\"")));
    EXPECT_THAT(html,
                HasSubstr(absl::StrCat("<a class=\"", state, "\" href=\"#task-",
                                       number, "\"")));
    ++number;
  }
  EXPECT_EQ(Count(html, "<article"), 4);
  EXPECT_THAT(html, HasSubstr("test 1 &#10003; solved"));
  EXPECT_THAT(html, HasSubstr("test 2 &#10007; unsolved"));
  EXPECT_THAT(html, HasSubstr("2.5 votes, confidence 50.0&nbsp;%"));
  EXPECT_THAT(html, HasSubstr("1 vote, confidence 25.0&nbsp;%"));
  EXPECT_THAT(html, HasSubstr("1 of 2 cells wrong"));
  EXPECT_THAT(html, HasSubstr("should be 1&times;1"));
  EXPECT_THAT(html, HasSubstr("placeholder: no votes"));
  EXPECT_THAT(html, HasSubstr("1 further candidate, the right answer among "
                              "them as number 3"));
}

TEST(Report, DrawsEveryGrid) {
  const std::string html = ReportHtml(Sample());
  // 4 tasks with two demonstrations, 5 test inputs with solutions, 2 + 1 + 1 +
  // 2 + 1 attempts, 1 further candidate.
  EXPECT_EQ(Count(html, "<svg class=\"grid\""), 4 * 4 + 5 * 2 + 7 + 1);
}

TEST(Report, LongSectionsOpenOnAClick) {
  ReportData data = Sample();
  EXPECT_THAT(ReportHtml(data), HasSubstr("<section><h3>Settings</h3><table>"));
  for (int i = 0; i < 40; ++i) {
    data.facts[0].second.emplace_back(absl::StrCat("key", i), "value");
  }
  data.facts.push_back({"Timings", {{"total", "4 s"}}});
  const std::string html = ReportHtml(data);
  EXPECT_EQ(MarkupFault(html), "");
  EXPECT_THAT(
      html,
      HasSubstr("<section class=\"long\"><details><summary><h3>Settings</h3>"
                "<small>42 rows</small></summary><table>"));
  EXPECT_THAT(html, HasSubstr("<section><h3>Timings</h3><table>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">key39</th><td>value</td>"));
}

TEST(Report, VotesThatAreNoNumbersAreNotShownAsSuch) {
  ReportData data = Sample();
  data.tasks[0].tests[0].candidates[0].mean_confidence = kNan;
  data.tasks[0].tests[0].candidates[1].votes = kInfinity;
  const std::string html = ReportHtml(data);
  EXPECT_EQ(MarkupFault(html), "");
  EXPECT_THAT(html, HasSubstr("5 votes, confidence &ndash;"));
  EXPECT_THAT(html, HasSubstr("votes unknown"));
  for (const char* part : {">nan", " nan", "inf ", ">inf"}) {
    EXPECT_THAT(html, Not(HasSubstr(part)));
  }
}

TEST(Report, EscapesAllText) {
  const std::string evil = "<b>&\"'</script><!--\x01\xFF";
  const std::string safe =
      "&lt;b&gt;&amp;&quot;&#39;&lt;/script&gt;&lt;!--\xEF\xBF\xBD\xEF\xBF\xBD";
  ReportData data = Sample();
  data.title = evil;
  data.status = evil;
  data.warnings = {evil};
  data.facts = {{evil, {{evil, evil}}}};
  data.label_scores[0].first = evil;
  data.tasks[0].task.id = evil;
  data.tasks[0].group = evil;
  const std::string html = ReportHtml(data);
  EXPECT_EQ(MarkupFault(html), "");
  EXPECT_THAT(html, Not(HasSubstr("<b>&\"")));
  // Twice in the title, status, warning, three times in facts, label score,
  // task heading, badge, data-group, data-id, twice in the map, twice in the
  // filter.
  EXPECT_EQ(Count(html, safe), 16);
}

TEST(Report, WarningsStandInABoxOnTop) {
  ReportData data = Sample();
  EXPECT_THAT(ReportHtml(data), Not(HasSubstr("<div class=\"warnings\"")));
  data.warnings = {"3 tasks were trained on", "no GPU"};
  const std::string html = ReportHtml(data);
  EXPECT_LT(html.find("<li>3 tasks were trained on</li>"),
            html.find("Two attempts, per task"));
  EXPECT_THAT(html, HasSubstr("<li>no GPU</li>"));
}

TEST(Report, NothingToShowIsStillAReport) {
  const std::string html = ReportHtml({});
  EXPECT_EQ(MarkupFault(html), "");
  EXPECT_THAT(html, AllOf(HasSubstr("arctrm run"), HasSubstr("No tasks.")));
}

TEST(Report, ARunningJobWithoutScoreAndVotes) {
  ReportData data = Sample();
  data.status = "running";
  data.score.reset();
  data.label_scores.clear();
  data.curve.clear();
  for (ReportTask& task : data.tasks) {
    for (ReportTestInput& test : task.tests) {
      test.solution.reset();
      test.candidates.clear();
      test.attempts = {Grid(), Grid()};
    }
  }
  const std::string html = ReportHtml(data);
  EXPECT_EQ(MarkupFault(html), "");
  EXPECT_THAT(html, HasSubstr("<span class=\"status running\">running</span>"));
  EXPECT_THAT(html, HasSubstr("0 with votes; not scored"));
  EXPECT_EQ(Count(html, "no votes</span>"), 5);
  EXPECT_THAT(html, Not(HasSubstr("Learning curves")));
  EXPECT_THAT(html, Not(HasSubstr("Two attempts")));
  EXPECT_THAT(html, Not(HasSubstr("&#10007;")));
}

// A smooth scroll would end at the position that a task had before those above
// it were drawn.
TEST(Report, LinksOfTheMapLandBelowTheToolbar) {
  const std::string html = ReportHtml(Sample());
  EXPECT_THAT(html, AllOf(Not(HasSubstr("scroll-behavior")),
                          HasSubstr("scroll-margin-top: calc(var(--controls, "),
                          HasSubstr("setProperty('--controls'"),
                          HasSubstr("content-visibility: auto")));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Count(html, absl::StrCat("href=\"#task-", i, "\"")), 1);
    EXPECT_EQ(Count(html, absl::StrCat("id=\"task-", i, "\"")), 1);
  }
  // tests/submission/report_script.js runs the script if node is installed.
  for (const char* part :
       {"addEventListener('hashchange'", "querySelectorAll('.map a')",
        "scrollIntoView()", "addEventListener('resize'"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
}

TEST(Report, SecondAnswersAreNoVotes) {
  ReportData data;
  ReportTask task;
  task.task = {"a", {{G("1"), G("2")}}, {G("5"), G("6")}};
  task.tests = {{{{G("7"), 3, .5}, {G("8"), 0, .5}}, {G("7"), G("8")}, {}},
                {{{G("9"), 0, .5}}, {G("9"), G("9")}, {}}};
  data.tasks = {task};
  const std::string html = ReportHtml(data);
  EXPECT_THAT(html, HasSubstr("2 test inputs, 1 with votes"));
  EXPECT_EQ(Count(html, "no vote; second answer of a view"), 2);
}

TEST(Html, CharactersThatActOnOthersAreReplaced) {
  for (const char* hidden :
       {"\x1b", "\x7f", "\xc2\x9b", "\xc2\x80", "\xe2\x80\xae", "\xe2\x80\xaa",
        "\xe2\x81\xa6", "\xe2\x81\xa9", "\xe2\x80\x8e", "\xe2\x80\x8f",
        "\xd8\x9c", "\xe2\x80\xa8", "\xed\xa0\x80"}) {
    const std::string html = EscapeHtml(absl::StrCat("a", hidden, "b"));
    EXPECT_EQ(html.find(hidden), std::string::npos);
    EXPECT_THAT(html, HasSubstr("\xEF\xBF\xBD"));
  }
  EXPECT_EQ(EscapeHtml("caf\xc3\xa9\n"), "caf\xc3\xa9\n");
}

TEST(Report, ReadsWithoutScript) {
  const std::string html = ReportHtml(Sample());
  const std::string without = html.substr(0, html.find("<script>"));
  EXPECT_THAT(without, HasSubstr(".controls { display: none; }"));
  EXPECT_THAT(without, Not(HasSubstr("<article hidden")));
  EXPECT_EQ(Count(without, "</article>"), 4);
}

TEST(Report, OnlyTheBestFurtherCandidatesAreDrawn) {
  ReportData data = Sample();
  ReportTestInput& test = data.tasks[2].tests[0];
  test.candidates.clear();
  for (int i = 0; i < 30; ++i) {
    test.candidates.push_back({Grid(2, i + 1, 5), 30.0 - i, .5});
  }
  test.attempts = {test.candidates[0].grid, test.candidates[1].grid};
  test.solution = test.candidates[20].grid;
  const std::string html = ReportHtml(data);
  EXPECT_THAT(html, HasSubstr("28 further candidates, the right answer among "
                              "them as number 21"));
  EXPECT_THAT(html, AllOf(HasSubstr("No. 12<"), Not(HasSubstr("No. 13<"))));
  EXPECT_THAT(html, HasSubstr("18 candidates with fewer votes not drawn"));
}

std::vector<ReportTask> NoisyTasks(int count, int side) {
  Random random(3, "report test");
  const auto noise = [&] {
    Grid grid(side, side);
    for (int i = 0; i < grid.size(); ++i) {
      grid.at(i / side, i % side) = static_cast<uint8_t>(random.Below(10));
    }
    return grid;
  };
  std::vector<ReportTask> tasks;
  for (int i = 0; i < count; ++i) {
    ReportTask task;
    task.task.id = absl::StrCat("task", i);
    for (int d = 0; d < 4; ++d) {
      task.task.demonstrations.push_back({noise(), noise()});
    }
    task.task.test_inputs = {noise()};
    ReportTestInput test;
    for (int c = 0; c < 12; ++c) test.candidates.push_back({noise(), 2, .5});
    test.attempts = {test.candidates[0].grid, test.candidates[1].grid};
    test.solution = noise();
    task.tests = {std::move(test)};
    tasks.push_back(std::move(task));
  }
  return tasks;
}

TEST(Report, FourHundredTasksStayBelowThirtyMegabytes) {
  ReportData data;
  data.tasks = NoisyTasks(400, 15);
  std::string html = ReportHtml(data);
  EXPECT_LT(html.size(), size_t{20} << 20);
  EXPECT_EQ(Count(html, "<svg class=\"grid\""), 400 * 22);
  size_t at = 0;
  for (int i = 0; i < 400; ++i) {
    at = html.find(absl::StrCat("<h3>task", i, "</h3>"), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_EQ(MarkupFault(html), "");
  // With the largest grids of noise, candidates are dropped.
  data.tasks = NoisyTasks(400, 30);
  html = ReportHtml(data);
  EXPECT_LT(html.size(), size_t{30} << 20);
  EXPECT_GE(Count(html, "<svg class=\"grid\""), 400 * 12);
  EXPECT_EQ(Count(html, "not drawn"), 400);
}

TEST(CurvesHtml, EmptyOnePointAndNotFinite) {
  EXPECT_EQ(CurvesHtml({}), "");
  const std::string one = CurvesHtml(Curve(1));
  EXPECT_EQ(Count(one, "<figure"), 5);
  EXPECT_EQ(MarkupFault(one), "");
  std::vector<CurvePoint> curve = Curve(50);
  for (CurvePoint& point : curve) {
    point.accuracy = kNan;
    if (point.step % 3 == 0) point.loss = kInfinity;
    if (point.step % 3 == 1) point.loss = kNan;
    point.steps = -kInfinity;
  }
  curve.back().time_s = kNan;
  const std::string html = CurvesHtml(curve);
  EXPECT_EQ(Count(html, "<figure"), 3);
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  EXPECT_THAT(html, Not(HasSubstr("inf")));
  EXPECT_EQ(MarkupFault(html), "");
  for (CurvePoint& point : curve) {
    point.loss = point.exact_accuracy = point.q_halt_loss = kNan;
  }
  EXPECT_EQ(CurvesHtml(curve), "");
}

TEST(CurvesHtml, ConstantZeroAndExtremeValuesStayOnThePaper) {
  std::vector<CurvePoint> curve = Curve(20);
  for (CurvePoint& point : curve) {
    point.loss = 1e300;
    point.exact_accuracy = 0;
    point.steps = 0;
    point.q_halt_loss = -1e-320;
    point.learning_rate = 1e-5;
    point.time_s = -1;
  }
  curve[3].step = std::numeric_limits<int64_t>::max();
  curve[4].step = std::numeric_limits<int64_t>::min();
  const std::string html = CurvesHtml(curve);
  EXPECT_EQ(Count(html, "<figure"), 6);
  EXPECT_EQ(MarkupFault(html), "");
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  EXPECT_LT(html.size(), 40000u);
}

TEST(CurvesHtml, AxesHaveStepsAndTimes) {
  const std::string html = CurvesHtml(Curve(121));
  EXPECT_THAT(html, AllOf(HasSubstr(">50</text>"), HasSubstr(">1m 38s</text>"),
                          HasSubstr(">100</text>"), HasSubstr(">3m 18s</text>"),
                          HasSubstr(">20%</text>"), HasSubstr("25.0&nbsp;%")));
}

TEST(CurvesHtml, LongRunsAreThinned) {
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i < 100000; ++i) points.emplace_back(i, i % 50);
  points[77777].second = 1e6;
  const internal::ChartSeries series = internal::ThinSeries(points);
  EXPECT_LE(series.raw.size(), internal::kMaxChartPoints);
  EXPECT_LE(series.smooth.size(), internal::kMaxChartPoints);
  EXPECT_THAT(series.raw, testing::Contains(testing::Pair(77777, 1e6)));
  for (const auto& [step, value] : series.smooth) {
    EXPECT_NEAR(value, 25, 1) << step;
  }
  for (size_t i = 1; i < series.raw.size(); ++i) {
    EXPECT_LT(series.raw[i - 1].first, series.raw[i].first);
  }
  EXPECT_LT(CurvesHtml(Curve(50000)).size(), 120000u);
}

TEST(ThinSeries, TheMedianDropsOneOutlier) {
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i < 100; ++i) points.emplace_back(i, 1);
  points[50].second = 100;
  const internal::ChartSeries series = internal::ThinSeries(points);
  EXPECT_EQ(series.raw, points);
  ASSERT_EQ(series.smooth.size(), 100u);
  EXPECT_EQ(series.smooth[50].second, 1);
}

TEST(Ticks, AreRoundNumbers) {
  EXPECT_THAT(internal::Ticks(0, 10, 5), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(internal::Ticks(0, 1, 4),
              ElementsAre(0, 0.5, testing::DoubleEq(1)));
  EXPECT_THAT(internal::Ticks(120, 480, 4), ElementsAre(200, 300, 400));
  EXPECT_THAT(internal::Ticks(3, 3, 4), ElementsAre(3));
  EXPECT_THAT(internal::Ticks(0, kNan, 4), ElementsAre(0));
}

TEST(Html, EscapesAndReplaces) {
  EXPECT_EQ(EscapeHtml("a<b>&\"'\n\t"), "a&lt;b&gt;&amp;&quot;&#39;\n\t");
  EXPECT_EQ(EscapeHtml("\xC3\xA9\xF0\x9F\x98\x80"), "\xC3\xA9\xF0\x9F\x98\x80");
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(EscapeHtml("\x80"), bad);
  EXPECT_EQ(EscapeHtml("\xC3"), bad);
  EXPECT_EQ(EscapeHtml("\xC3<"), bad + "&lt;");
  EXPECT_EQ(EscapeHtml("\xC0\xAF"), bad + bad);
  EXPECT_EQ(EscapeHtml("\xED\xA0\x80"), bad + bad + bad);
  EXPECT_EQ(EscapeHtml("\xF4\x90\x80\x80").size(), 4 * bad.size());
  EXPECT_EQ(EscapeHtml(absl::string_view("\0", 1)), bad);
  EXPECT_EQ(CountHtml(999), "999");
  EXPECT_EQ(CountHtml(1000), "1,000");
  EXPECT_EQ(CountHtml(-1234567), "-1,234,567");
}

}  // namespace
}  // namespace arctrm
