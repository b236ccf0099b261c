use super::*;

fn parse(arguments: &[&str]) -> Result<Settings> {
    Arguments::try_parse_from(["conventional"].iter().chain(arguments))?.options.check()
}

#[test]
fn without_a_flag_all_is_as_in_the_components() {
    let settings = parse(&[]).unwrap();
    assert_eq!(settings.roles, RoleName::value_variants());
    assert_eq!(settings.distributor.complexity_threshold, DEFAULT_COMPLEXITY_THRESHOLD);
    let consumer = Name::from_static("conventional");
    assert_eq!(settings.queue, queue::Settings { consumer, ..defaults() });
}

#[test]
fn roles_may_be_given_one_by_one_or_in_a_list_and_count_once() {
    use RoleName::*;
    for (arguments, expected) in [
        (&["--role", "distributor"][..], &[Distributor][..]),
        (&["--role", "receiver-complex,distributor"], &[Distributor, ReceiverComplex]),
        (&["--role", "receiver-simple", "--role", "receiver-simple"], &[ReceiverSimple]),
    ] {
        assert_eq!(parse(arguments).unwrap().roles, expected, "{arguments:?}");
    }
    assert!(parse(&["--role", "receiver"]).is_err());
}

#[test]
fn a_url_may_carry_a_login_and_its_password_is_in_no_message() {
    let settings = parse(&["--redis-url", "redis://pipeline:hush@127.0.0.1:6380"]).unwrap();
    assert_eq!(settings.redis.addr().to_string(), "127.0.0.1:6380");
    for wrong in
        ["rediss://pipeline:hush@127.0.0.1:1", "redis://pipeline:hush@127.0.0.1:no", "hush", ""]
    {
        let error = format!("{:#}", parse(&["--redis-url", wrong]).unwrap_err());
        assert!(
            error.starts_with("--redis-url (REDIS_URL): ") && !error.contains("hush"),
            "{error}"
        );
    }
}
