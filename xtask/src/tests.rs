use super::*;

#[test]
fn the_first_flag_that_xtask_does_not_know_begins_those_of_loadtest() {
    let parse = |words: &str| {
        let typed = ["xtask"].into_iter().chain(words.split(' '));
        match Command::try_parse_from(typed).unwrap() {
            Command::Burst(arguments) => arguments,
            _ => panic!("{words:?} is a burst"),
        }
    };
    for words in [
        "burst --redis-url redis://host:1 --orders 5 --json r.json",
        "burst --redis-url redis://host:1 -- --orders 5 --json r.json",
    ] {
        let arguments = parse(words);
        assert_eq!(arguments.stage.redis_url.as_deref(), Some("redis://host:1"));
        assert_eq!(arguments.passed.loadtest, ["--orders", "5", "--json", "r.json"], "{words}");
    }
    assert_eq!(parse("burst -- --help").passed.loadtest, ["--help"]);
}
