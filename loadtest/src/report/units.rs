//! Figures for people: with a unit, and with few digits.

pub(crate) fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

/// `1 order`, `2,000 orders`.
pub(crate) fn orders(number: u64) -> String {
    counted(number, "order")
}

/// As [`orders`], of another kind.
pub(crate) fn counted(number: u64, of: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {of}{plural}", count(number))
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
mod tests;
