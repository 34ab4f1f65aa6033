//! "Did you mean …": the known words closest to a wrong one.

/// The rank of a word that holds the other, behind every slip of the fingers.
const CONTAINS: usize = usize::MAX;

/// Up to three of `known` that resemble `word`, the closest first.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    closest_named(word, known.into_iter().map(|name| (name, name)))
}

/// Up to three names of things that resemble `word` by one of the names they go by: a thing's own name, and what it is
/// also called. Things with several of them come several times.
pub(crate) fn closest_named<'a>(
    word: &str,
    known: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<String> {
    let word = folded(word);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|(name, called)| Some((rank(&word, &folded(called))?, name)))
        .collect();
    near.sort_by_key(|(rank, _)| *rank);
    // A word that merely holds the other is named only when no slip explains it.
    let best = near.first().map(|(rank, _)| *rank);
    near.retain(|(rank, _)| *rank != CONTAINS || best == Some(CONTAINS));
    let mut names: Vec<String> = Vec::new();
    for (_, name) in near {
        if names.len() < 3 && names.iter().all(|known| known != name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// How far a word is from another, both folded; `None` when they have nothing to do with each other.
fn rank(word: &str, other: &str) -> Option<usize> {
    let most = (word.chars().count().max(other.chars().count()) / 4).max(1);
    // Insertions, deletions, replacements and swaps of neighbours.
    let distance = strsim::osa_distance(word, other);
    let tail = other.rsplit('.').next().is_some_and(|tail| tail == word);
    match () {
        () if tail => Some(0),
        () if distance <= most => Some(distance),
        () if word.len() >= 3 && other.contains(word) => Some(CONTAINS),
        () => None,
    }
}

/// Lower case, Polish letters without their marks, `-` and spaces as `_`.
pub(crate) fn folded(text: &str) -> String {
    text.trim()
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'ą' => 'a',
            'ć' => 'c',
            'ę' => 'e',
            'ł' => 'l',
            'ń' => 'n',
            'ó' => 'o',
            'ś' => 's',
            'ź' | 'ż' => 'z',
            '-' | ' ' => '_',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_finds_the_word_meant() {
        let known = ["firstname", "lastname", "address.city", "address.zip_code"];
        assert_eq!(closest("fristname", known), ["firstname"]);
        assert_eq!(closest("city", known), ["address.city"]);
        assert_eq!(closest("zip-code", known), ["address.zip_code"]);
        assert!(closest("birthday", known).is_empty());
    }

    #[test]
    fn a_thing_is_found_by_whatever_it_is_called_and_named_once() {
        let known = [
            ("firstname", "firstname"),
            ("firstname", "Imię"),
            ("lastname", "Nazwisko"),
            ("lastname", "Last name"),
        ];
        assert_eq!(closest_named("Imie", known), ["firstname"]);
        assert_eq!(closest_named("nazwiska", known), ["lastname"]);
        assert_eq!(closest_named("last-name", known), ["lastname"]);
        assert!(closest_named("urodziny", known).is_empty());
    }

    #[test]
    fn polish_letters_are_compared_without_their_marks() {
        assert_eq!(folded("Źdźbło ŻÓŁĆ"), "zdzblo_zolc");
        assert_eq!(closest("imię", ["imie"]), ["imie"]);
    }
}
