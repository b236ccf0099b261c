use super::*;

#[test]
fn kubectl_is_new_enough_if_it_brings_kustomize_5() {
    let answer = |kustomize| format!("Client Version: v1.32.4\nKustomize Version: {kustomize}\n");
    assert_eq!(parse(&answer("v5.5.0")).as_deref(), Some("kubectl 1.32.4"));
    assert_eq!(parse(&answer("v10.0.0")).as_deref(), Some("kubectl 1.32.4"));
    assert_eq!(parse(&answer("v4.5.7")), None);
    assert_eq!(parse("Client Version: version.Info{Major:\"1\"}"), None);
}
