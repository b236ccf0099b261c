//! Draws one plot as SVG. The style sheet gives each class its colour and line style.

use maud::{Markup, html};

use super::axis::Axis;
use super::series::Runs;

/// In units of the drawing.
const SIZE: (f64, f64) = (480.0, 280.0);
const LEFT: f64 = 80.0;
const RIGHT: f64 = 452.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 226.0;

#[derive(Debug)]
pub(super) struct Plot {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) x_title: String,
    /// At most three.
    pub(super) series: Vec<Series>,
}

#[derive(Debug)]
pub(super) struct Series {
    pub(super) name: &'static str,
    /// Draws the area below the line instead of the line.
    pub(super) is_area: bool,
    pub(super) runs: Runs,
}

pub(super) fn line(name: &'static str, runs: Runs) -> Series {
    Series { name, is_area: false, runs }
}

/// In the order of the series.
const CLASSES: [&str; 3] = ["first", "second", "third"];

impl Plot {
    pub(super) fn draw(&self) -> Markup {
        let view = format!("0 0 {} {}", SIZE.0, SIZE.1);
        html! {
            svg viewBox=(view) aria-hidden="true" {
                @for (value, label) in &self.x.ticks {
                    @let x = self.x_of(*value);
                    line.grid x1=(x) x2=(x) y1=(TOP) y2=(BOTTOM) {}
                    text x=(x) y=(BOTTOM + 20.0) text-anchor="middle" { (label) }
                }
                @for (value, label) in &self.y.ticks {
                    @let y = self.y_of(*value);
                    line.grid x1=(LEFT) x2=(RIGHT) y1=(y) y2=(y) {}
                    text x=(LEFT - 6.0) y=(y) dy="0.35em" text-anchor="end" { (label) }
                }
                text x=(f64::midpoint(LEFT, RIGHT)) y=(SIZE.1 - 10.0) text-anchor="middle" { (self.x_title) }
                @for (series, class) in self.series.iter().zip(CLASSES) {
                    @for run in &series.runs { (self.mark(run, class, series.is_area)) }
                }
            }
        }
    }

    pub(super) fn legend(&self) -> Markup {
        html! {
            ul.legend { @for (series, class) in self.series.iter().zip(CLASSES) {
                @let kind = if series.is_area { "area" } else { "line" };
                li { span class={ "key " (class) " " (kind) } aria-hidden="true" {} (series.name) }
            } }
        }
    }

    /// A single point is a dot.
    fn mark(&self, run: &[(f64, f64)], class: &str, is_area: bool) -> Markup {
        let at = |(x, y): &(f64, f64)| format!("{:.1},{:.1} ", self.x_of(*x), self.y_of(*y));
        let mut points: String = run.iter().map(at).collect();
        if let (Some(first), Some(last), true) = (run.first(), run.last(), is_area) {
            points += &at(&(last.0, 0.0));
            points += &at(&(first.0, 0.0));
        }
        html! {
            @match run {
                [(x, y)] => circle class={ (class) " dot" } cx=(self.x_of(*x)) cy=(self.y_of(*y)) r="4" {},
                _ if is_area => polygon class={ (class) " area" } points=(points.trim_end()) {},
                _ => polyline class={ (class) " line" } points=(points.trim_end()) {},
            }
        }
    }

    fn x_of(&self, value: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * self.x.share(value)
    }

    fn y_of(&self, value: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * self.y.share(value)
    }
}
