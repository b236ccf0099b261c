//! The sizes of the Wasm files, to which one dependency or one derive can add a third unnoticed.

#[test]
fn the_wasm_files_stay_small() {
    let most_kib = [
        ("distributor", 370),
        ("receiver_simple", 440),
        ("receiver_complex", 460),
        ("orders_api", 700),
    ];
    for (name, most) in most_kib {
        let file = format!("target/wasm32-wasip1/release/{name}.wasm");
        let found = std::fs::metadata(e2e::repository().join(&file));
        let bytes = found.unwrap_or_else(|error| panic!("{file}: {error}")).len();
        assert!(bytes <= most * 1024, "{file}: {} KiB, at most {most}", bytes.div_ceil(1024));
    }
}
