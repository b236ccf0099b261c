//! Figures for people: with a unit, and with few digits.

pub(crate) fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

/// `1 order`, `2,000 orders`.
pub(crate) fn orders(number: u64) -> String {
    if number == 1 { "1 order".into() } else { format!("{} orders", count(number)) }
}

/// Three significant digits.
pub(crate) fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 || size == 0.0 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.01 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

pub(crate) fn mib(figure: f64) -> String {
    format!("{} MiB", digits(figure))
}

/// Such as `203 ms`, `1.35 s` or `2.5 min`.
pub(crate) fn time(ms: f64) -> String {
    match ms {
        ms if ms >= 7_200_000.0 => format!("{} h", digits(ms / 3_600_000.0)),
        ms if ms >= 120_000.0 => format!("{} min", digits(ms / 60_000.0)),
        ms if ms >= 1_000.0 => format!("{} s", digits(ms / 1_000.0)),
        _ => format!("{} ms", digits(ms)),
    }
}

/// Without zeros behind the point.
pub(crate) fn chosen_time(ms: f64) -> String {
    let text = time(ms);
    let (figure, unit) = text.split_once(' ').unwrap_or((&text, ""));
    let figure = if figure.contains('.') {
        figure.trim_end_matches('0').trim_end_matches('.')
    } else {
        figure
    };
    format!("{figure} {unit}")
}

pub(crate) fn rate(orders_per_s: f64) -> String {
    let figure = if orders_per_s >= 1_000.0 {
        count(orders_per_s.round() as u64)
    } else {
        digits(orders_per_s)
    };
    format!("{figure} orders/s")
}

/// A figure for an axis: at most five characters.
pub(crate) fn short(value: f64) -> String {
    let (value, unit) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, "G"),
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    // Ticks are round numbers, so the shortest form is exact.
    let value = (value * 1e3).round() / 1e3;
    format!("{value}{unit}")
}

/// Without characters that move the cursor or colour a terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits_and_their_unit() {
        let cases = [
            (0.0, "0 ms"),
            (0.5, "0.50 ms"),
            (12.34, "12.3 ms"),
            (203.4, "203 ms"),
            (999.0, "999 ms"),
        ];
        for (ms, expected) in cases {
            assert_eq!(time(ms), expected);
        }
        assert_eq!(time(1_350.0), "1.35 s");
        assert_eq!(time(150_000.0), "2.50 min");
        assert_eq!(time(7_200_000.0), "2.00 h");
        for (ms, expected) in [
            (0.0, "0 ms"),
            (0.5, "0.5 ms"),
            (60_000.0, "60 s"),
            (100.0, "100 ms"),
            (150_000.0, "2.5 min"),
        ] {
            assert_eq!(chosen_time(ms), expected);
        }
        assert_eq!(rate(22_300.4), "22,300 orders/s");
        assert_eq!(rate(12.5), "12.5 orders/s");
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), expected);
        }
        assert_eq!((orders(1), orders(0)), ("1 order".into(), "0 orders".into()));
    }

    #[test]
    fn ticks_are_short() {
        for (value, expected) in
            [(0.2, "0.2"), (5_000.0, "5000"), (20_000.0, "20k"), (2.5e6, "2.5M")]
        {
            assert_eq!(short(value), expected);
        }
    }

    #[test]
    fn text_of_others_cannot_move_the_cursor() {
        assert_eq!(harmless("a\x1b[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
