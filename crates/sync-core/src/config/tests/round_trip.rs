//! Any configuration reads back as it was written; no text makes the reader fall over.

use proptest::prelude::*;

use super::*;

fn row() -> impl Strategy<Value = (usize, RowText)> {
    let source = prop_oneof![
        prop::sample::select(vec![
            "login",
            "address.city",
            "additional_field.3",
            "{firstname|title} {lastname}",
            "x {{y}} {email}"
        ])
        .prop_map(|from| (Some(from.to_owned()), None)),
        "\\PC{0,12}".prop_map(|value| (None, Some(value))),
        "[\"'\\\\\n\t\u{7f}{}#=\\[\\]]{0,6}".prop_map(|value| (None, Some(value))),
    ];
    let words = prop::collection::vec(
        prop::sample::select(vec!["trim", "max:5", "date:%d|%m", "yes_no:\"a\"/b\\"]),
        0..3,
    );
    let default = prop::option::of("\\PC{1,8}");
    (0usize..14, source, words, default, any::<bool>(), any::<bool>()).prop_map(
        |(n, (from, value), words, default, clear, if_empty)| {
            let row = RowText {
                target: String::new(),
                from,
                value,
                transform: words.into_iter().map(str::to_owned).collect(),
                default: default
                    .map(|text| text.trim().to_owned())
                    .filter(|text| !text.is_empty()),
                when_empty: if clear { WhenEmpty::Clear } else { WhenEmpty::Keep },
                overwrite: if if_empty {
                    Overwrite::IfEmpty
                } else {
                    Overwrite::Always
                },
            };
            (n, row)
        },
    )
}

fn rows() -> impl Strategy<Value = Mapping> {
    let targets = [
        "name",
        "gsm",
        "comment",
        "prop1",
        "prop2",
        "prop9",
        "custom.a",
        "custom.ą ę",
        "custom.\"",
        "custom.b.c",
        "custom.=",
        "custom.\\",
        "custom.'",
        "custom.#",
    ];
    prop::collection::vec(row(), 0..8).prop_map(move |rows| {
        let mut seen = std::collections::BTreeSet::new();
        let rows: Vec<RowText> = rows
            .into_iter()
            .filter(|(n, _)| seen.insert(*n))
            .map(|(n, row)| RowText {
                target: targets[n].to_owned(),
                ..row
            })
            .collect();
        Mapping::from_rows(RecordKind::Customer, &rows).unwrap()
    })
}

proptest! {
    #[test]
    fn what_is_rendered_reads_back_the_same(
        mapping in rows(),
        group in 1i64..,
        enabled in any::<bool>(),
        share in 0.0f64..=1.0,
        at_least in any::<u32>(),
        flags in any::<[bool; 2]>(),
        words in (0usize..3, 0usize..2, 0usize..3, 0usize..3, 0usize..3),
    ) {
        let config = Config {
            sare: Sare { uid: "0123".into() },
            customers: Customers {
                enabled,
                group,
                consent: ConsentRule::ALL[words.0],
                without_consent: WithoutConsent::ALL[words.1],
                without_account: WithoutAccount::ALL[words.4],
                mapping,
            },
            subscribers: Subscribers::default(),
            unsubscribe: Unsubscribe {
                to_sare: UnsubscribeStatus::ALL[words.2],
                leave_group: flags[0],
                to_shoper: flags[1],
                on_new_opt_in: OnNewOptIn::ALL[words.3],
            },
            deleted: Deleted { action: DeletedAction::ALL[words.4] },
            brake: Brake { share, at_least },
            leave_out: if flags[0] { LeaveOut::default() } else { LeaveOut::nobody() },
            lines: Lines::default(),
        };
        let text = config.render();
        let read = Config::parse(&text).map_err(|errors| TestCaseError::fail(format!("{errors}\n{text}")))?;
        prop_assert_eq!(&read.config, &config);
        prop_assert_eq!(read.config.render(), text);
    }

    #[test]
    fn no_text_makes_the_reader_fall_over(text in "([a-z_.]{1,8}|\\[|\\]|=|\"|\\{|\\}|\n| |[0-9]|,|sare|customers|mapping|prop1|custom){0,40}") {
        let _ = Config::parse(&text);
    }
}
