// SPDX-License-Identifier: MIT
//
// The panels, and what SVG and terminal make of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/text/utf8.h"
#include "train_host/plot/panels.h"
#include "train_host/plot/svg.h"
#include "train_host/plot/terminal.h"

namespace quanta::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A run of `steps`, whose loss falls from 8 to about 0.1.
MetricsLog ARun(const std::string& name, int steps) {
  MetricsLog log;
  log.name = name;
  for (int step = 1; step <= steps; ++step) {
    log.loss.push_back({double(step), 0.1 + 7.9 * std::exp(-6.0 * step / steps)});
    log.lr.push_back({double(step), 0.001 * step / steps});
    log.grad_norm.push_back({double(step), 1 + 1.0 / step});
    log.tokens_per_second.push_back({double(step), 1000.0 + step % 7});
    if (step % 10 == 0) log.eval_loss.push_back({double(step), 1.0});
  }
  return log;
}

std::vector<Panel> Panels(const std::vector<MetricsLog>& logs) { return MakePanels(logs); }

size_t Count(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

// --- Panels ---------------------------------------------------------------------------

TEST(Panels, AreThoseThatThereIsSomethingFor) {
  MetricsLog log = ARun("a", 100);
  ASSERT_EQ(Panels({log}).size(), 4u);
  EXPECT_EQ(Panels({log})[0].title, "loss");
  EXPECT_EQ(Panels({log})[0].curves.size(), 2u);
  log.grad_norm.clear();
  log.eval_loss.clear();
  const auto panels = Panels({log});
  ASSERT_EQ(panels.size(), 3u);
  EXPECT_EQ(panels[0].curves.size(), 1u);
  EXPECT_EQ(panels[2].title, "tokens/s");
}

TEST(Panels, SeveralRunsShareThemAndAreNamed) {
  const auto panels = Panels({ARun("first", 50), ARun("second", 100)});
  ASSERT_EQ(panels.size(), 4u);
  ASSERT_EQ(panels[0].curves.size(), 4u);
  EXPECT_EQ(panels[0].curves[0].name, "first, training");
  EXPECT_EQ(panels[0].curves[3].name, "second, evaluation");
  EXPECT_EQ(panels[1].curves[1].name, "second");
  EXPECT_DOUBLE_EQ(panels[1].x.Place(100), 1);
}

TEST(Panels, ManyPointsAreThinnedButTheirExtremesStay) {
  std::vector<Point> points;
  for (int i = 0; i < 100000; ++i) points.push_back({double(i), double(i % 10)});
  points[77777].value = 1000;
  points[12345].value = -1000;
  const std::vector<Point> kept = Extremes(points, 400);
  EXPECT_LE(kept.size(), 800u);
  const auto has = [&](double step, double value) {
    return std::any_of(kept.begin(), kept.end(),
                       [&](const Point& p) { return p.step == step && p.value == value; });
  };
  EXPECT_TRUE(has(77777, 1000));
  EXPECT_TRUE(has(12345, -1000));
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(),
                             [](const Point& a, const Point& b) { return a.step < b.step; }));
}

TEST(Panels, FewPointsStayAsTheyAreAndMeansAreOfNeighbours) {
  const std::vector<Point> points = {{1, 2}, {2, 4}, {3, 10}, {4, 20}};
  EXPECT_EQ(Extremes(points, 400).size(), 4u);
  const std::vector<Point> means = Means(points, 2);
  ASSERT_EQ(means.size(), 2u);
  EXPECT_DOUBLE_EQ(means[0].step, 1.5);
  EXPECT_DOUBLE_EQ(means[0].value, 3);
  EXPECT_DOUBLE_EQ(means[1].value, 15);
}

// --- SVG ------------------------------------------------------------------------------

/// Whether every element is closed, in order, and no text has what must be written as an
/// entity.
bool IsWellFormed(const std::string& svg) {
  std::vector<std::string> open;
  std::string rest;  // without the tags
  size_t at = 0;
  for (size_t begin; (begin = svg.find('<', at)) != svg.npos;) {
    const size_t end = svg.find('>', begin);
    if (end == svg.npos) return false;
    rest.append(svg, at, begin - at);
    at = end + 1;
    const std::string tag = svg.substr(begin + 1, end - begin - 1);
    const bool closes = tag[0] == '/';
    const std::string name = tag.substr(closes, tag.find_first_of(" /", closes) - closes);
    if (name.empty() || tag.find('<') != tag.npos) return false;
    if (closes) {
      if (open.empty() || open.back() != name) return false;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
  }
  rest.append(svg, at);
  return open.empty() && !std::regex_search(rest, std::regex("&(?!amp;|lt;)"));
}

TEST(Svg, HasAxesTicksTitlesAndALegend) {
  const std::string svg = ToSvg(Panels({ARun("a", 1000)}), "my run");
  EXPECT_TRUE(IsWellFormed(svg));
  for (const char* text : {">my run<", ">loss<", ">learning rate<", ">gradient norm<", ">tokens/s<",
                           ">step<", ">training<", ">evaluation<", ">200<", ">1000<"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  EXPECT_EQ(Count(svg, "class=\"frame\""), 4u);
  EXPECT_EQ(Count(svg, "class=\"raw\""), 4u);
  EXPECT_EQ(Count(svg, "<circle"), 100u);  // evaluations
  EXPECT_GT(Count(svg, "class=\"grid\""), 20u);
}

TEST(Svg, EveryPointLiesWithinThePicture) {
  MetricsLog log = ARun("a", 300);
  log.loss[5].value = 1e30;
  log.grad_norm[7].value = -3;
  const std::string svg = ToSvg(Panels({log}), "t");
  std::smatch size;
  ASSERT_TRUE(std::regex_search(svg, size, std::regex("viewBox=\"0 0 (\\d+) (\\d+)\"")));
  const double width = std::stod(size[1]), height = std::stod(size[2]);
  static const std::regex pair("(-?[0-9.]+),(-?[0-9.]+) ");
  size_t points = 0;
  for (std::sregex_iterator at(svg.begin(), svg.end(), pair), end; at != end; ++at, ++points) {
    const double x = std::stod((*at)[1]), y = std::stod((*at)[2]);
    ASSERT_TRUE(x >= 0 && x <= width && y >= 0 && y <= height) << (*at)[0];
  }
  EXPECT_GT(points, 1000u);
}

TEST(Svg, ALongRunMakesNoLargeFile) {
  EXPECT_LT(ToSvg(Panels({ARun("a", 200000)}), "t").size(), 600000u);
}

TEST(Svg, NamesCannotBreakTheFile) {
  const std::string name = "<a&b>\"\x01";
  const std::string svg = ToSvg(Panels({ARun(name, 20), ARun("b", 20)}), name);
  EXPECT_TRUE(IsWellFormed(svg));
  EXPECT_THAT(svg, Not(HasSubstr("\x01")));
  EXPECT_THAT(svg, HasSubstr("&lt;a&amp;b>"));
}

// --- Terminal -------------------------------------------------------------------------

size_t Characters(const std::string& line) {
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(Terminal, PicturesKeepToTheWidth) {
  for (const int width : {20, 40, 80, 200}) {
    std::istringstream lines(ToTerminal(Panels({ARun("a", 500)}), width));
    size_t pictures = 0;
    for (std::string line; std::getline(lines, line);) {
      EXPECT_TRUE(text::IsUtf8(line));
      if (line.find('|') == line.npos) continue;
      EXPECT_EQ(Characters(line), std::max<size_t>(static_cast<size_t>(width), 21)) << line;
      ++pictures;
    }
    EXPECT_EQ(pictures, 4u * 9);
  }
}

TEST(Terminal, TellsTitlesLastValuesAndTicks) {
  const std::string text = ToTerminal(Panels({ARun("a", 500)}), 80);
  EXPECT_THAT(text, HasSubstr("loss: training 0.1"));
  EXPECT_THAT(text, HasSubstr(", evaluation 1\n"));
  EXPECT_THAT(text, HasSubstr("learning rate: last "));
  EXPECT_THAT(text, HasSubstr(" 400\n"));
}

TEST(Terminal, AFallingCurveBeginsAboveAndEndsBelow) {
  MetricsLog log;
  for (int step = 0; step <= 100; ++step) log.loss.push_back({double(step), 5.0 - step / 25.0});
  std::istringstream lines(ToTerminal(Panels({log}), 60));
  std::vector<std::string> rows;
  for (std::string line; std::getline(lines, line);) {
    const size_t bar = line.find('|');
    if (bar != line.npos) rows.push_back(line.substr(bar + 1));
  }
  ASSERT_EQ(rows.size(), 9u);
  const std::string blank = "\xE2\xA0\x80";  // no dots
  EXPECT_FALSE(rows.front().starts_with(blank));
  EXPECT_TRUE(rows.front().ends_with(blank));
  EXPECT_TRUE(rows.back().starts_with(blank));
  EXPECT_FALSE(rows.back().ends_with(blank));
}

TEST(Terminal, NamesCannotTakeTheTerminalOver) {
  EXPECT_THAT(ToTerminal(Panels({ARun("\x1b[2J", 20), ARun("b", 20)}), 80), Not(HasSubstr("\x1b")));
}

TEST(Terminal, OnePointIsEnough) {
  MetricsLog log;
  log.loss.push_back({10, 3.5});
  EXPECT_THAT(ToTerminal(Panels({log}), 40), HasSubstr("loss: training 3.5"));
  EXPECT_TRUE(IsWellFormed(ToSvg(Panels({log}), "t")));
}

}  // namespace
}  // namespace quanta::train
