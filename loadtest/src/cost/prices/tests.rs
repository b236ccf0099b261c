use super::*;

const GOOD: &str = r#"
    [[node]]
    provider = "Hill"
    region = "north"
    name = "small"
    architecture = "arm"
    vcpus = 2
    memory_gib = 7.5
    usd_per_hour = 0.1
    as_of = "2026-06"
    source = "a page"
"#;

fn why(text: &str) -> String {
    format!("{:#}", Prices::parse(text).expect_err("a bad table"))
}

#[test]
fn the_built_in_table_has_both_architectures_of_three_providers() {
    let prices = Prices::read(None).unwrap();
    for provider in ["Azure", "AWS", "GCP"] {
        for architecture in [Architecture::X86, Architecture::Arm] {
            let is_there =
                |node: &NodeType| node.provider == provider && node.architecture == architecture;
            assert!(prices.nodes.iter().any(is_there), "{provider} {architecture:?}");
        }
    }
}

#[test]
fn every_mistake_is_refused_with_its_field() {
    assert_eq!(Prices::parse(GOOD).unwrap().nodes[0].usd_per_hour, 0.1);
    for line in GOOD.lines().filter(|line| line.contains('=')) {
        let field = line.split('=').next().unwrap().trim();
        assert!(why(&GOOD.replace(line, "")).contains(field), "without {field}");
    }
    for (good, bad, expected) in [
        ("vcpus = 2", "vcpus = 0", "node 1 (small): vcpus: expected a number above zero"),
        ("vcpus = 2", "vcpus = 1.5", "vcpus"),
        ("7.5", "nan", "memory_gib: expected a number above zero"),
        ("0.1", "-0.1", "usd_per_hour: expected a number above zero"),
        ("0.1", "1e300", "usd_per_hour: expected a number above zero, and at most 100000"),
        ("small", "", "node 1 (): name: expected one that no other node has"),
        ("\"arm\"", "\"ARMv8\"", "ARMv8"),
        ("vcpus = 2", "vcpus = 2\nspot = true", "spot"),
        ("[[node]]", "currency = \"EUR\"\n[[node]]", "currency"),
    ] {
        let why = why(&GOOD.replace(good, bad));
        assert!(why.contains(expected), "{bad}: {why}");
    }
    assert!(why(&GOOD.repeat(2)).contains("node 2 (small): name"));
    assert!(why("node = []").contains("at least one [[node]]"));
}
