//! Draws one plot as SVG, by plotters with its SVG backend.
//!
//! The colours drawn here are names as much as colours: the style sheet of the page gives each of
//! them its value in light and in dark, see [`style`](super::style). No text of a report is drawn,
//! only figures and words of this program.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::axis::Axis;
use super::style::{AXIS, GRID, INK, Slot};

/// The backend places marks on whole pixels: four of them for each unit of the page keep curves
/// smooth.
const PIXELS: u32 = 4;
/// Size in units; on the narrowest phones a unit is about three quarters of a pixel of CSS.
const SIZE: (u32, u32) = (480, 280);
const FONT: u32 = 17;

#[derive(Debug)]
pub(super) struct Plot {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) x_title: String,
    /// Units kept free for the labels at the left.
    pub(super) label_room: u32,
    pub(super) series: Vec<Series>,
}

#[derive(Debug)]
pub(super) struct Series {
    pub(super) slot: Slot,
    pub(super) marks: Vec<Mark>,
}

/// In values of the axes.
#[derive(Debug)]
pub(super) enum Mark {
    /// A line; a single point is a dot.
    Line(Vec<(f64, f64)>),
    Area(Vec<(f64, f64)>),
}

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

impl Plot {
    pub(super) fn draw(&self) -> Result<String> {
        let mut svg = String::new();
        {
            let size = (SIZE.0 * PIXELS, SIZE.1 * PIXELS);
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            self.draw_on(&area).map_err(|error| anyhow!("failed to draw a plot: {error}"))?;
            area.present().map_err(|error| anyhow!("failed to draw a plot: {error}"))?;
        }
        Ok(svg)
    }

    fn draw_on(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let mut chart = ChartBuilder::on(area)
            .margin_top(10 * PIXELS)
            .margin_right(32 * PIXELS)
            .x_label_area_size(46 * PIXELS)
            .y_label_area_size(self.label_room * PIXELS)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        let text = ("sans-serif", FONT * PIXELS).into_font().color(&INK);
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(PIXELS))
            .axis_style(AXIS.stroke_width(PIXELS))
            .label_style(text.clone())
            .axis_desc_style(text)
            .x_labels(self.x.tick_count())
            .y_labels(self.y.tick_count())
            .set_all_tick_mark_size(4 * PIXELS)
            .x_desc(&self.x_title)
            .draw()?;
        for series in &self.series {
            for mark in &series.marks {
                mark.draw_on(&mut chart, series.slot)?;
            }
        }
        Ok(())
    }
}

impl Mark {
    fn draw_on(
        &self,
        chart: &mut Chart<'_, '_>,
        slot: Slot,
    ) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let area = chart.plotting_area();
        let color = slot.color();
        match self {
            Self::Line(points) => match points.as_slice() {
                [] => Ok(()),
                [point] => area.draw(&Circle::new(*point, 4 * PIXELS, color.filled())),
                points => area.draw(&PathElement::new(points, color.stroke_width(2 * PIXELS))),
            },
            Self::Area(points) => {
                let (Some(first), Some(last)) = (points.first(), points.last()) else {
                    return Ok(());
                };
                let ground = [(last.0, 0.0), (first.0, 0.0)];
                let outline: Vec<(f64, f64)> = points.iter().copied().chain(ground).collect();
                area.draw(&Polygon::new(outline, color.mix(0.25)))
            }
        }
    }
}
