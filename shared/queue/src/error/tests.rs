use super::*;

#[test]
fn texts_of_spin_and_of_the_redis_crate_are_told_apart() {
    let loading = "An error was signalled by the server - BusyLoadingError: Redis is loading";
    for (text, cause) in [
        ("Connection refused (os error 111)", Cause::Unavailable),
        (loading, Cause::Loading),
        ("An error was signalled by the server - ReadOnly: You can't write", Cause::ReadOnly),
        ("OOM: command not allowed when used memory > 'maxmemory'.", Cause::OutOfMemory),
        ("WRONGTYPE: Operation against a key (XADD {OOM}:simple)", Cause::Refused),
        ("MISCONF Redis (some option). (XADD {OOM}:simple) script: x", Cause::Refused),
        ("ERR not an integer (HINCRBY {OOM}:totals) script: x, on @user_script:1.", Cause::Refused),
        ("FORMAT: the queue holds data of format 1", Cause::OtherFormat),
        ("ResponseError: Protocol error: unauthenticated multibulk length", Cause::Refused),
        ("Password authentication failed- AuthenticationFailed", Cause::Refused),
    ] {
        let error = QueueError::from_redis("failed", &ExecuteError(text.into()));
        assert_eq!(error.cause, cause, "{text}");
    }
}
