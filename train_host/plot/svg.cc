// SPDX-License-Identifier: MIT
#include "train_host/plot/svg.h"

#include "converter/error.h"

namespace quanta::train {
namespace {

using converter::Format;

// In pixels. A panel's frame stands in its cell with room for ticks and title.
constexpr double kCellWidth = 460, kCellHeight = 300;
constexpr double kLeft = 62, kRight = 14, kTop = 34, kBottom = 40;
constexpr double kTitleHeight = 34;
constexpr double kWidth = kCellWidth - kLeft - kRight;
constexpr double kHeight = kCellHeight - kTop - kBottom;
constexpr int kTicksX = 5, kTicksY = 5;

// Told apart also by those who see few colours (after Okabe and Ito).
constexpr const char* kColors[] = {"#0072b2", "#d55e00", "#009e73",
                                   "#cc79a7", "#56b4e9", "#e69f00"};

const char* ColorOf(const Curve& curve) { return kColors[curve.run % std::size(kColors)]; }
/// An evaluation stands out from the training of the same run.
const char* EvaluationColor(const Curve& curve, bool several) {
  return several ? ColorOf(curve) : kColors[1];
}

/// As text of XML, which has no control characters.
std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += '?';
    } else {
      out += c;
    }
  }
  return out;
}

/// Draws one panel whose cell begins at (x, y).
class PanelDrawing {
 public:
  PanelDrawing(const Panel& panel, double x, double y, std::string* out)
      : panel_(panel), left_(x + kLeft), top_(y + kTop), out_(*out) {
    for (const Curve& curve : panel.curves) several_ = several_ || curve.run > 0;
  }

  void Draw() {
    Text(left_, top_ - 10, "start", "title", panel_.title);
    Grid();
    for (const Curve& curve : panel_.curves) Draw(curve);
    out_ += Format("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"frame\"/>\n",
                   left_, top_, kWidth, kHeight);
    if (panel_.curves.size() > 1) Legend();
  }

 private:
  double X(double step) const { return left_ + kWidth * panel_.x.Place(step); }
  double Y(double value) const { return top_ + kHeight * (1 - panel_.y.Place(value)); }

  void Text(double x, double y, const char* anchor, const char* kind, const std::string& text) {
    out_ +=
        Format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y, anchor, kind) +
        Escaped(text) + "</text>\n";
  }

  void Line(double x1, double y1, double x2, double y2, const char* kind) {
    out_ += Format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1,
                   x2, y2, kind);
  }

  void Grid() {
    const double bottom = top_ + kHeight;
    for (const double tick : panel_.x.Ticks(kTicksX)) {
      Line(X(tick), top_, X(tick), bottom, "grid");
      Text(X(tick), bottom + 16, "middle", "tick", TickText(tick));
    }
    for (const double tick : panel_.y.Ticks(kTicksY)) {
      Line(left_, Y(tick), left_ + kWidth, Y(tick), "grid");
      Text(left_ - 6, Y(tick) + 4, "end", "tick", TickText(tick));
    }
    Text(left_ + kWidth / 2, bottom + 32, "middle", "tick", "step");
  }

  void Draw(const Curve& curve) {
    if (curve.evaluation) {
      const char* color = EvaluationColor(curve, several_);
      Polyline(curve.raw, color, "evaluation");
      for (const Point& point : curve.raw) {
        out_ += Format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.2\" fill=\"%s\"/>\n", X(point.step),
                       Y(point.value), color);
      }
      return;
    }
    Polyline(curve.raw, ColorOf(curve), "raw");
    Polyline(curve.means, ColorOf(curve), "mean");
  }

  void Polyline(const std::vector<Point>& points, const char* color, const char* kind) {
    out_ += Format("<polyline class=\"%s\" stroke=\"%s\" points=\"", kind, color);
    for (const Point& point : points) out_ += Format("%.1f,%.1f ", X(point.step), Y(point.value));
    out_ += "\"/>\n";
  }

  // At the right: losses fall towards it, and leave the upper corner free.
  void Legend() {
    double y = top_ + 16;
    for (const Curve& curve : panel_.curves) {
      const char* color = curve.evaluation ? EvaluationColor(curve, several_) : ColorOf(curve);
      const double x = left_ + kWidth - 8;
      Text(x - 28, y, "end", "tick", curve.name);
      out_ += Format("<polyline class=\"%s\" stroke=\"%s\" points=\"%.1f,%.1f %.1f,%.1f\"/>\n",
                     curve.evaluation ? "evaluation" : "mean", color, x - 22, y - 4, x, y - 4);
      y += 15;
    }
  }

  const Panel& panel_;
  const double left_, top_;
  bool several_ = false;  // runs
  std::string& out_;
};

constexpr const char* kStyle =
    "<style>text{font-family:sans-serif;fill:#222}.head{font-size:16px;font-weight:bold}"
    ".title{font-size:14px}.tick{font-size:11px}.grid{stroke:#ddd}"
    ".frame{fill:none;stroke:#444}polyline{fill:none;stroke-linejoin:round}"
    ".raw{stroke-width:1;stroke-opacity:.35}.mean{stroke-width:1.8}"
    ".evaluation{stroke-width:1.4;stroke-dasharray:4 3}</style>\n";

}  // namespace

std::string ToSvg(std::span<const Panel> panels, const std::string& title) {
  const size_t columns = panels.size() > 1 ? 2 : 1;
  const size_t rows = (panels.size() + columns - 1) / columns;
  const double width = kCellWidth * static_cast<double>(columns);
  const double height = kTitleHeight + kCellHeight * static_cast<double>(rows);
  std::string out = Format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
      "viewBox=\"0 0 %.0f %.0f\">\n",
      width, height, width, height);
  out += kStyle;
  out += "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  out += Format("<text x=\"%.1f\" y=\"24\" class=\"head\">", kLeft) + Escaped(title) + "</text>\n";
  for (size_t i = 0; i < panels.size(); ++i) {
    const double x = kCellWidth * static_cast<double>(i % columns);
    const double y = kTitleHeight + kCellHeight * static_cast<double>(i / columns);
    PanelDrawing(panels[i], x, y, &out).Draw();
  }
  return out + "</svg>\n";
}

}  // namespace quanta::train
