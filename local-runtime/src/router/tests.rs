use super::*;

fn index(routes: &[&str], path: &str) -> Option<usize> {
    Router::new(routes.iter().copied()).unwrap().find(path).map(|found| found.index)
}

#[test]
fn the_most_specific_route_wins_in_any_order_of_declaration() {
    let routes = ["/...", "/orders/...", "/orders", "/orders/:id", "/orders/new"];
    let cases = [
        ("/", Some(0)),
        ("/other", Some(0)),
        ("/orders", Some(2)),
        ("/orders/", Some(2)),
        ("/orders/7", Some(3)),
        ("/orders/new", Some(4)),
        ("/orders/7/items", Some(1)),
    ];
    for (path, expected) in cases {
        assert_eq!(index(&routes, path), expected, "{path}");
    }
    let reversed: Vec<_> = routes.into_iter().rev().collect();
    for (path, expected) in cases {
        assert_eq!(index(&reversed, path), expected.map(|index| 4 - index), "{path}");
    }
}

#[test]
fn a_wildcard_matches_its_own_prefix_and_gives_the_rest_as_path_info() {
    let router = Router::new(["/files/..."]).unwrap();
    for (path, expected) in
        [("/files", ""), ("/files/", "/"), ("/files/a/b", "/a/b"), ("/files/a/", "/a/")]
    {
        assert_eq!(router.find(path).unwrap().path_info, expected, "{path}");
    }
    assert_eq!(router.find("/filesystem"), None);
    assert_eq!(router.find("/"), None);
}

#[test]
fn an_exact_route_has_no_path_info_and_named_parameters_are_found() {
    let router = Router::new(["/a", "/b/:key"]).unwrap();
    assert_eq!(router.find("/a").unwrap().path_info, "");
    assert_eq!(router.find("/b/7").unwrap().parameters, [("key".to_owned(), "7".to_owned())]);
}
