use super::*;

#[test]
fn the_median_is_in_the_middle_and_a_range_has_its_unit_once() {
    let spread = Spread::over(vec![4.19, 3.09, 3.5, 3.7]).unwrap();
    assert_eq!((spread.median, spread.runs), (3.6, 4));
    assert_eq!(spread.range(time), "3.09..4.19 ms");
    assert_eq!(Spread::over(vec![23.3, 1_040.0]).unwrap().range(time), "23.3 ms..1.04 s");
    assert_eq!(Spread::over(Vec::new()), None);
}

#[test]
fn a_ratio_to_zero_is_none_and_an_unmeasured_figure_has_no_row() {
    let figures: [Figure<[f64; 2]>; 3] = [
        figure("zero", "", Lower, |run| Some(run[0]), time),
        figure("none", "", Lower, |_| None, time),
        figure("ratio", "", Lower, |run| Some(run[1]), time),
    ];
    let rows = rows(&figures, &[vec![&[0.0, 2.0], &[0.0, 6.0]], vec![&[1.0, 1.0]]]);
    assert_eq!(rows.iter().map(|row| row.key).collect::<Vec<_>>(), ["zero", "ratio"]);
    assert_eq!((rows[0].ratio(1), rows[1].ratio(1)), (None, Some(0.25)));
}
