// SPDX-License-Identifier: MIT
#include "train_host/plot/terminal.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "converter/error.h"
#include "runtime/text/utf8.h"

namespace quanta::train {
namespace {

using converter::Format;

constexpr int kLabelWidth = 9;
constexpr int kRows = 9;
constexpr int kLeastColumns = 10;

/// Dots, in characters of 2 x 4 each.
class Canvas {
 public:
  explicit Canvas(int columns)
      : columns_(columns), cells_(static_cast<size_t>(columns) * kRows, 0) {}

  int width() const { return 2 * columns_; }
  int height() const { return 4 * kRows; }

  void Dot(int x, int y) {
    // The bits of Braille: 1 2 3 7 down the left side, 4 5 6 8 down the right one.
    static constexpr uint8_t kBits[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};
    const int cell = y / 4 * columns_ + x / 2;
    cells_[static_cast<size_t>(cell)] |= kBits[x % 2][y % 4];
  }

  void Line(int x0, int y0, int x1, int y1) {
    const int steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
    for (int i = 0; i <= steps; ++i) {
      Dot(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps);
    }
  }

  std::string Row(int row) const {
    std::string text;
    for (int column = 0; column < columns_; ++column) {
      const uint8_t dots = cells_[static_cast<size_t>(row * columns_ + column)];
      char character[4];
      text.append(character, text::EncodeUtf8(0x2800u + dots, character));
    }
    return text;
  }

 private:
  int columns_;
  std::vector<uint8_t> cells_;
};

void Draw(const Panel& panel, const std::vector<Point>& points, Canvas* canvas) {
  int last_x = -1, last_y = -1;
  for (const Point& point : points) {
    const auto x = static_cast<int>(std::lround(panel.x.Place(point.step) * (canvas->width() - 1)));
    const auto y =
        static_cast<int>(std::lround((1 - panel.y.Place(point.value)) * (canvas->height() - 1)));
    canvas->Line(last_x < 0 ? x : last_x, last_x < 0 ? y : last_y, x, y);
    last_x = x;
    last_y = y;
  }
}

/// The labels of the rows: of each tick that one of them is nearest to.
std::vector<std::string> Labels(const Axis& axis) {
  std::vector<std::string> labels(kRows);
  for (const double tick : axis.Ticks(4)) {
    const auto row = static_cast<size_t>(std::lround((1 - axis.Place(tick)) * (kRows - 1)));
    labels[row] = TickText(tick);
  }
  return labels;
}

/// The steps below the canvas, each under its place, where there is room.
std::string Steps(const Axis& axis, int columns) {
  std::string line(static_cast<size_t>(columns), ' ');
  size_t free = 0;
  for (const double tick : axis.Ticks(std::max(columns / 14, 2))) {
    const std::string text = TickText(tick);
    const auto at = static_cast<size_t>(std::lround(axis.Place(tick) * (columns - 1)));
    if (text.size() > line.size()) continue;
    const size_t begin = std::min(at - std::min(at, text.size() / 2), line.size() - text.size());
    if (begin < free) continue;
    line.replace(begin, text.size(), text);
    free = begin + text.size() + 2;
  }
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

/// Names come from the paths of files.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

std::string DrawPanel(const Panel& panel, int width) {
  const int columns = std::max(width - kLabelWidth - 2, kLeastColumns);
  Canvas canvas(columns);
  for (const Curve& curve : panel.curves) Draw(panel, curve.means, &canvas);
  std::string out = panel.title;
  for (const Curve& curve : panel.curves) {
    const std::string name = curve.name.empty() ? "last" : Printable(curve.name);
    out += Format("%s %s %s", &curve == &panel.curves.front() ? ":" : ",", name.c_str(),
                  TickText(curve.means.back().value).c_str());
  }
  out += '\n';
  const std::vector<std::string> labels = Labels(panel.y);
  for (int row = 0; row < kRows; ++row) {
    out += Format("%*s |", kLabelWidth, labels[static_cast<size_t>(row)].c_str()) +
           canvas.Row(row) + "\n";
  }
  return out + std::string(kLabelWidth + 2, ' ') + Steps(panel.x, columns) + "\n";
}

}  // namespace

std::string ToTerminal(std::span<const Panel> panels, int width) {
  std::string out;
  for (const Panel& panel : panels) out += DrawPanel(panel, width);
  return out;
}

}  // namespace quanta::train
