//! The materials of which the factory makes lenses.

/// A lens material, known by its refractive index.
#[derive(Debug, PartialEq)]
pub struct Material {
    /// Lower bound of its refractive indices, in thousandths.
    pub from_thousandths: u32,
    /// What the trade calls it.
    pub name: &'static str,
    /// The thinnest centre that survives the machines and the test of ISO 14889, in mm.
    pub min_centre_mm: f64,
    /// The thinnest edge that holds a bevel, in mm.
    pub min_edge_mm: f64,
}

/// The factory's materials as of 2026-01. Each covers the indices from its lower bound to the next.
pub const MATERIALS: [Material; 8] = [
    Material { from_thousandths: 1_400, name: "1.50", min_centre_mm: 2.0, min_edge_mm: 1.2 },
    Material { from_thousandths: 1_525, name: "1.53", min_centre_mm: 1.5, min_edge_mm: 1.0 },
    Material { from_thousandths: 1_550, name: "1.56", min_centre_mm: 1.8, min_edge_mm: 1.0 },
    Material { from_thousandths: 1_580, name: "1.59", min_centre_mm: 1.5, min_edge_mm: 1.0 },
    Material { from_thousandths: 1_595, name: "1.60", min_centre_mm: 1.4, min_edge_mm: 0.8 },
    Material { from_thousandths: 1_660, name: "1.67", min_centre_mm: 1.3, min_edge_mm: 0.8 },
    Material { from_thousandths: 1_730, name: "1.74", min_centre_mm: 1.2, min_edge_mm: 0.8 },
    Material { from_thousandths: 1_780, name: "mineral", min_centre_mm: 1.5, min_edge_mm: 1.0 },
];

/// The index of a lens whose order names none: CR-39 at the yellow helium line.
pub(crate) const DEFAULT_INDEX: f64 = 1.498;

/// The position in [`MATERIALS`] of the material with this refractive index.
pub fn material_of(index: Option<f64>) -> usize {
    // Rounding to thousandths makes 1.6 and 1.5999999 the same material.
    let thousandths = (index.unwrap_or(DEFAULT_INDEX) * 1_000.0).round() as u32;
    MATERIALS.iter().rposition(|material| material.from_thousandths <= thousandths).unwrap_or(0)
}

#[cfg(test)]
mod tests;
