use anyhow::{Context, anyhow};

use super::*;

#[test]
fn a_defect_a_missing_server_wrong_flags_and_an_interruption_differ() {
    assert_eq!(code(&Ok(Outcome::Good), false), 0);
    assert_eq!(code(&Ok(Outcome::Bad), false), 1);
    assert_eq!(code(&Ok(Outcome::Bad), true), 1, "a bad verdict outweighs the signal");
    assert_eq!(code(&Ok(Outcome::Interrupted), true), 130);
    let usage: Result<Outcome> = Err(UsageError("--mutated".into())).context("burst");
    assert_eq!(code(&usage, false), 2);
    assert_eq!(code(&Err(anyhow!("redis is unavailable")), false), 3);
    assert_eq!(code(&Err(anyhow!("stopped by a signal")), true), 130);
}
