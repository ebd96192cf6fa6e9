//! Messages that are listed under another name than before: renumbered, or without a unique-id for a while.

use super::*;

/// A message that the server gives no unique-id, named by its header.
fn named<'a>(number: u32, name: &'a [u8], octets: u64, of: u8) -> Listed<'a> {
    let identity = identity(of);
    Listed { number, octets: Some(octets), unique_id: Some(name), identity, named_by_text: true }
}

/// The unique-id that is made from the header of identity 2.
const MADE_2: &str = "header:02020202020202020202020202020202";

#[test]
fn a_message_whose_unique_id_is_missing_keeps_the_one_it_had() {
    let view = view(&[("a", 10, 1, 'd'), ("b", 20, 2, 'd'), ("c", 30, 2, 'g')]);
    let mut listed = listing(&[(1, "a", 10)]);
    listed.push(named(2, MADE_2.as_bytes(), 20, 2));
    for is_complete in [true, false] {
        assert_eq!(doubts(&listed, is_complete, &view), [0; 0], "its header was read already");
        let plan = plan(&listed, is_complete, &view, &HashMap::new(), &keep("none"), NOW);
        let steps: Vec<_> = plan.steps.iter().map(|step| (step.number, step.reason)).collect();
        assert_eq!(steps, [(1, Reason::Delivered), (2, Reason::Delivered)], "complete: {is_complete}");
        assert_eq!((plan.adopted, plan.vanished), (Vec::new(), Vec::new()));
    }
}

#[test]
fn a_message_that_went_and_comes_back_without_a_unique_id_is_known() {
    let view = view(&[("a", 10, 1, 'd'), ("b", 20, 2, 'g')]);
    let mut listed = listing(&[(1, "a", 10)]);
    listed.push(named(2, MADE_2.as_bytes(), 20, 2));
    let plan = plan(&listed, true, &view, &HashMap::new(), &keep("all"), NOW);
    assert_eq!(plan.steps[1].reason, Reason::BackAgain);
    assert_eq!(plan.back, [view.iter().nth(1).expect("an entry").id]);
}

#[test]
fn a_message_that_had_no_unique_id_and_went_and_comes_back_with_one_is_asked_about() {
    for state in ['d', 'g'] {
        let view = view(&[(MADE_2, 20, 2, state)]);
        let messages = [(1, "b", 20), (2, "n", 30)];
        for is_complete in [true, false] {
            let asked = doubts(&listing(&messages), is_complete, &view);
            let all = if state == 'd' { vec![1, 2] } else { vec![1] };
            assert_eq!(asked, all, "{state}, complete: {is_complete}");
            let answers = HashMap::from([(1, identity(2))]);
            let plan = plan(&listing(&messages), is_complete, &view, &answers, &keep("all"), NOW);
            assert_eq!(plan.steps[0].action, Action::Keep, "{state}, complete: {is_complete}");
            assert_eq!(plan.adopted.len(), 1, "now it has a unique-id");
        }
    }
}

#[test]
fn a_renumbered_maildrop_is_recognised() {
    let view = view(&[("a", 10, 1, 'd'), ("b", 20, 2, 'd'), ("c", 30, 3, 'd'), ("t", 50, 5, 'g')]);
    let messages = [(1, "n1", 11), (2, "n2", 20), (3, "n3", 99), (4, "n4", 50)];
    assert_eq!(doubts(&listing(&messages), true, &view), [1, 2, 3, 4], "no known unique-id is listed");
    assert_eq!(doubts(&listing(&messages), false, &view), [0; 0], "an incomplete listing proves nothing");
    let (plan, steps) = steps(&messages, &view, &[(1, 1), (2, 2), (3, 9), (4, 5)], &keep("11d"));
    let expected = [
        (1, Action::Keep, Reason::Renumbered),
        (2, Action::Keep, Reason::Renumbered),
        (3, FETCH, Reason::New),
        (4, Action::Keep, Reason::BackAgain),
    ];
    assert_eq!(steps, expected);
    let ids: Vec<_> = view.iter().map(|entry| entry.id).collect();
    assert_eq!(plan.adopted, [(ids[0], 1), (ids[1], 2), (ids[3], 4)]);
    assert_eq!((plan.vanished, plan.back), (vec![ids[2]], vec![ids[3]]));
}

#[test]
fn a_missing_message_makes_only_its_equals_in_octets_doubtful() {
    let known = [("a", 10, 1, 'd'), ("b", 20, 2, 'd'), ("c", 30, 3, 'd')];
    let messages = [(1, "a", 10), (2, "b", 20), (3, "n", 30), (4, "m", 31), (5, "o", 0)];
    assert_eq!(doubts(&listing(&messages), true, &view(&known)), [3, 5]);
    assert_eq!(doubts(&listing(&messages[..4]), true, &view(&known[..2])), [0; 0], "none is missing");
    let unrecognisable = [("a", 10, 1, 'd'), ("b", 20, 2, 'd'), ("c", 30, 0, 'd')];
    assert_eq!(doubts(&listing(&messages), true, &view(&unrecognisable)), [0; 0]);
    let most = [(1, "a", 10), (2, "n", 31)];
    assert_eq!(
        doubts(&listing(&most), true, &view(&known)),
        [2],
        "most are missing: perhaps half renumbered"
    );
}

#[test]
fn unique_ids_that_are_only_numbers_and_move_up_are_followed() {
    // The server numbers anew after each deletion; octets show it.
    let view = view(&[("1", 10, 1, 'd'), ("2", 20, 2, 'd'), ("3", 30, 3, 'd')]);
    let messages = [(1, "1", 20), (2, "2", 30), (3, "3", 40)];
    assert_eq!(doubts(&listing(&messages), true, &view), [1, 2, 3]);
    let (plan, steps) = steps(&messages, &view, &[(1, 2), (2, 3), (3, 9)], &keep("all"));
    let kept = (Action::Keep, Reason::Renumbered);
    assert_eq!(steps, [(1, kept.0, kept.1), (2, kept.0, kept.1), (3, FETCH, Reason::Reused)]);
    assert_eq!((plan.vanished.len(), plan.adopted.len()), (1, 2));
}
