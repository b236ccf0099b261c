use super::*;

#[test]
fn receivers_in_other_languages_know_the_same_scripts() {
    let built = [("claim", CLAIM), ("commit", COMMIT), ("tick", TICK)]
        .map(|(name, script)| format!("{}  {name}.lua\n", script.sha1))
        .concat();
    let known = include_str!("../lua/receiver.sha1");
    assert_eq!(known, built, "write this into src/lua/receiver.sha1:\n{built}");
}
