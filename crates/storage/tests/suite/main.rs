//! One suite that every engine passes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod bench;
mod containers;
mod counters;
mod credentials;
mod exports;
mod guards;
mod reopening;

/// Runs every case on every engine. Adding a case costs a line.
macro_rules! store_suite {
    ($($engine:ident),+) => { $(
        mod $engine {
            store_suite! { @cases $engine
                containers: create_and_delete, states_and_pins, documents, the_directory, reset_keeps_documents,
                    limits, closed_stores_refuse;
                credentials: create_find_load_replace, kinds_do_not_replace_each_other, non_discoverable_ones_hide,
                    update_and_compare, non_removable_ones_stay, room, order_of_creation, all_algorithms_come_back,
                    a_failed_set_leaves_no_trace, many_of_different_rps, what_was_read_follows_every_change;
                guards: the_same_user_conflicts, others_do_not_conflict, the_exemption, one_of_eight_threads_wins;
                counters: count_up, operations_count_up, counters_go_with_their_credentials, threads_get_no_count_twice,
                    first_counts_are_leased, retries;
                exports: round_trip, copies_are_equal, imports_refuse, credentials_move, checks_find_nothing;
                reopening: all_is_there, a_clean_exit_skips_nothing, a_crash_repeats_nothing, retries_survive,
                    the_wrong_device_key, damaged_stores_say_so, commits_group;
            }
        }
    )+ };
    (@cases $engine:ident $($module:ident: $($case:ident),+;)+) => { $( mod $module { $(
        #[test]
        fn $case() {
            crate::$module::$case(&crate::bench::Bench::new(stringify!($engine)));
        }
    )+ } )+ };
}

store_suite!(memory, sled, redb);
