use super::*;

#[test]
fn a_password_is_not_shown_and_everything_else_is() {
    assert_eq!(without_password("redis://user:hush@host:6379/1"), "redis://user@host:6379/1");
    assert_eq!(without_password("redis://:hush@host:6379"), "redis://host:6379");
    assert_eq!(without_password("redis://host:6379/?trigger=a"), "redis://host:6379/?trigger=a");
    assert_eq!(without_password("redis://:{{ p }}@host"), "redis://host");
}
