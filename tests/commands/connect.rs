//! `shop connect`.

use crate::world::World;

#[test]
fn a_shop_is_connected_by_an_administrators_login_and_listed() {
    let world = World::new();
    let login = [
        "shop",
        "connect",
        &world.shop.base_url(),
        "--login",
        "admin",
        "--json",
    ];
    let ran = world
        .run_with(&login, &[], "admin-password-example\n")
        .with_code(0)
        .json();
    assert_eq!(ran["shop"], world.host);
    assert_eq!(ran["name"], "Sklep przykładowy");
    let list = world.run(&["shop", "list", "--json"]).with_code(0).json();
    assert_eq!(list[0]["shop"], world.host);
    assert_eq!(list[0]["origin"], "direct");
    assert_eq!(list[0]["configured"], false);
    world.run(&["shop", "list"]).with_code(0).saying(&world.host);
}

#[test]
fn the_password_can_stand_in_a_file_and_never_shows() {
    let world = World::new();
    let file = world.file("password", "admin-password-example\n");
    let file = file.to_str().unwrap();
    let ran = world.run(&[
        "shop",
        "connect",
        &world.shop.base_url(),
        "--login",
        "admin",
        "--password-file",
        file,
    ]);
    let ran = ran.with_code(0).saying("shop config import");
    assert!(!ran.out.contains("admin-password-example") && !ran.err.contains("admin-password-example"));
}

#[test]
fn connecting_again_brings_the_login_up_to_date() {
    let world = World::configured();
    world
        .shop
        .configure(|settings| settings.admin_password = "another-password".to_owned());
    let login = ["shop", "connect", &world.shop.base_url(), "--login", "admin"];
    world
        .run_with(&login, &[("SHOPER_ADMIN_PASSWORD", "another-password")], "")
        .with_code(0);
    let list = world.run(&["shop", "list", "--json"]).with_code(0).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["configured"], true, "the configuration stays");
}

#[test]
fn a_wrong_login_an_empty_password_and_an_address_that_is_none_are_told_apart() {
    let world = World::new();
    let url = world.shop.base_url();
    let login = ["shop", "connect", &url, "--login", "admin"];
    world
        .run_with(&login, &[], "wrong")
        .with_code(2)
        .saying("refused the login");
    world.run_with(&login, &[], "").with_code(2).saying("no password");
    world
        .run_with(&["shop", "connect", "ftp://shop", "--login", "a"], &[], "x")
        .with_code(2)
        .saying("not a shop's address");
    let list = world.run(&["shop", "list", "--json"]).with_code(0).json();
    assert_eq!(list.as_array().unwrap().len(), 0, "nothing was kept");
}

#[test]
fn a_shop_that_is_away_is_worth_another_try() {
    let world = World::new();
    world.shop.lock_application(true);
    let login = ["shop", "connect", &world.shop.base_url(), "--login", "admin"];
    world
        .run_with(&login, &[], "admin-password-example")
        .with_code(6)
        .saying("cannot be reached now");
    let nobody = ["shop", "connect", "http://127.0.0.1:1", "--login", "admin"];
    world.run_with(&nobody, &[], "x").with_code(6);
}

#[test]
fn plain_http_needs_to_be_allowed() {
    let world = World::new();
    let login = ["shop", "connect", &world.shop.base_url(), "--login", "admin"];
    let sare = [
        ("ALLOW_HTTP", "0"),
        ("SARE_API_URL", "https://sare.example/api/v1"),
    ];
    world
        .run_with(&login, &sare, "admin-password-example")
        .with_code(2)
        .saying("https://");
}
