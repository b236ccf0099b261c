//! Entry ids of streams: `<ms>-<number>`.

/// The two numbers of an entry id, which order ids as they order times; `None` where the text is no entry id.
pub(super) fn numbers(id: &str) -> Option<(u64, u64)> {
    let (ms, number) = id.split_once('-')?;
    // A number that parses may have a sign.
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(ms) || !is_number(number) {
        return None;
    }
    Some((ms.parse().ok()?, number.parse().ok()?))
}

/// The least id that is greater; `None` after the greatest number of a millisecond, or where the text is no entry id.
pub(super) fn next(id: &str) -> Option<String> {
    let (ms, number) = numbers(id)?;
    Some(format!("{ms}-{}", number.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_entry_id_is_one_up_and_none_at_the_end_of_a_millisecond() {
        assert_eq!(next("1763708000000-12").as_deref(), Some("1763708000000-13"));
        assert_eq!(next("5-18446744073709551615"), None);
        assert_eq!(next("order"), None);
    }
}
