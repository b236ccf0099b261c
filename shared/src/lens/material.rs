//! The materials the works make lenses of.

/// A lens material, known by its refractive index.
#[derive(Debug, PartialEq)]
pub(crate) struct Material {
    /// The lowest refractive index it stands for, in thousandths.
    pub(crate) from_thousandths: u32,
    /// What the trade calls it.
    pub(crate) name: &'static str,
    /// The thinnest centre that survives the machines and the test of ISO 14889, in mm.
    pub(crate) min_centre_mm: f64,
    /// The thinnest edge that holds a bevel, in mm.
    pub(crate) min_edge_mm: f64,
}

/// The works' materials as of 2026-01, by index. One stands for all indices from its own lower bound to the next.
pub(crate) const MATERIALS: [Material; 8] = [
    Material { from_thousandths: 1_400, name: "1.50", min_centre_mm: 2.0, min_edge_mm: 1.2 },
    Material { from_thousandths: 1_525, name: "1.53", min_centre_mm: 1.5, min_edge_mm: 1.0 },
    Material { from_thousandths: 1_550, name: "1.56", min_centre_mm: 1.8, min_edge_mm: 1.0 },
    Material { from_thousandths: 1_580, name: "1.59", min_centre_mm: 1.5, min_edge_mm: 1.0 },
    Material { from_thousandths: 1_595, name: "1.60", min_centre_mm: 1.4, min_edge_mm: 0.8 },
    Material { from_thousandths: 1_660, name: "1.67", min_centre_mm: 1.3, min_edge_mm: 0.8 },
    Material { from_thousandths: 1_730, name: "1.74", min_centre_mm: 1.2, min_edge_mm: 0.8 },
    Material { from_thousandths: 1_780, name: "mineral", min_centre_mm: 1.5, min_edge_mm: 1.0 },
];

/// The index of a lens whose order names none: CR-39 for the yellow helium line.
pub(crate) const DEFAULT_INDEX: f64 = 1.498;

/// The place in [`MATERIALS`] of the material with this refractive index.
pub(crate) fn material_of(index: Option<f64>) -> usize {
    // Rounding to thousandths makes 1.6 and 1.5999999 the same material.
    let thousandths = (index.unwrap_or(DEFAULT_INDEX) * 1_000.0).round() as u32;
    MATERIALS.iter().rposition(|material| material.from_thousandths <= thousandths).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn materials_go_by_their_nominal_index() {
        let name = |index| MATERIALS[material_of(index)].name;
        assert_eq!(name(None), "1.50");
        assert_eq!(name(Some(1.4)), "1.50");
        assert_eq!(name(Some(1.586)), "1.59");
        assert_eq!(name(Some(1.6)), "1.60");
        assert_eq!(name(Some(1.665)), "1.67");
        assert_eq!(name(Some(1.74)), "1.74");
        assert_eq!(name(Some(2.0)), "mineral");
    }

    #[test]
    fn materials_are_sorted_by_their_bounds() {
        assert!(MATERIALS.is_sorted_by(|one, next| one.from_thousandths < next.from_thousandths));
    }
}
