#!/bin/sh
# Prints what a program pays for depending on lifespan and for annotating functions, beside a bare tokio program.
#
#   benches/footprint.sh [--rounds N] [PART…]      parts: first-task size build crates functions; all by default
#   benches/footprint.sh --quick                   size, first task and one clean build, in three lines of ratios
#
# Makes throw-away crates in a temporary directory that depend on this checkout by path; needs cargo and this shell.
# CPU is user time of cargo and all that it starts, from the shell's `times`; every figure is a median over rounds in
# which the contestants take turns. Builds run without incremental compilation.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
rounds=3
parts=
functions=200
starts=200
quick=

while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=$2 && shift ;;
    --quick) quick=yes rounds=1 starts=40 ;;
    first-task | size | build | crates | functions) parts="$parts $1" ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
    esac
    shift
done
parts=${parts:-first-task size build crates functions}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
export CARGO_INCREMENTAL=0 CARGO_TERM_QUIET=true
unset CARGO_TARGET_DIR RUSTC_WRAPPER RUSTFLAGS CARGO_ENCODED_RUSTFLAGS 2>/dev/null || true

wants() { case " $parts " in *" $1 "*) ;; *) return 1 ;; esac }

# crate NAME DEPENDENCIES: an empty crate.
crate() {
    mkdir -p "$work/$1/src"
    cat >"$work/$1/Cargo.toml" <<END
[package]
name = "$1"
version = "0.0.0"
edition = "2024"
[workspace]
[dependencies]
$2
[profile.release]
strip = true
END
}

tokio='tokio = { version = "1.40", features = ["macros", "rt-multi-thread", "time"] }'
without_config="$tokio
lifespan = { path = \"$here\", default-features = false }"
with_config="$tokio
lifespan = { path = \"$here\" }"

# A clock and a median, which a POSIX shell has not.
crate stopwatch ''
cat >"$work/stopwatch/src/main.rs" <<'END'
use std::fs::File;
use std::io::{Read, Write, stdin};
use std::process::{Command, Stdio};
use std::time::Instant;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["median"] => {
            let mut text = String::new();
            stdin().read_to_string(&mut text).unwrap();
            println!("{:.2}", median(text.split_whitespace().map(|value| value.parse().unwrap()).collect()));
        }
        ["ratio", value, floor] => {
            println!("{:.2}", value.parse::<f64>().unwrap() / floor.parse::<f64>().unwrap());
        }
        // Adds the seconds that a command takes to a file: its own output goes elsewhere.
        ["wall", file, program, ref arguments @ ..] => {
            let begin = Instant::now();
            assert!(Command::new(program).args(arguments).status().unwrap().success());
            let mut file = File::options().append(true).create(true).open(file).unwrap();
            writeln!(file, "{:.2}", begin.elapsed().as_secs_f64()).unwrap();
        }
        // Milliseconds from exec to the byte that the first task writes.
        ["first-task", starts, ref programs @ ..] => {
            let mut times = vec![Vec::new(); programs.len()];
            for _ in 0..starts.parse().unwrap() {
                for (program, times) in programs.iter().zip(&mut times) {
                    let begin = Instant::now();
                    let mut child = Command::new(program).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
                    child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
                    times.push(begin.elapsed().as_secs_f64() * 1e3);
                    child.wait().unwrap();
                }
            }
            for times in times {
                println!("{:.3}", median(times));
            }
        }
        _ => panic!("{arguments:?}"),
    }
}
END
cargo build --release --manifest-path "$work/stopwatch/Cargo.toml"
stopwatch=$work/stopwatch/target/release/stopwatch

# cpu COMMAND…: the user seconds of a command and its children.
cpu() {
    (
        "$@" >&2
        times
    ) | sed -n '2s/^\([0-9]*\)m\([0-9.,]*\)s.*/\1 \2/p' | tr , . | while read -r minutes seconds; do
        echo "$minutes $seconds" | awk '{ printf "%.2f\n", $1 * 60 + $2 }'
    done
}

# row NAME VALUE FLOOR GOAL UNIT
row() { echo "| $1 | $2 $5 | $("$stopwatch" ratio "$2" "$3")× | $4 |"; }

crate bare "$tokio"
cat >"$work/bare/src/main.rs" <<'END'
async fn hello() {
    println!("hello");
}

#[tokio::main]
async fn main() {
    let _ = tokio::spawn(hello()).await;
}
END
for variant in without_config with_config; do
    eval "dependencies=\$$variant"
    crate $variant "$dependencies"
    cat >"$work/$variant/src/main.rs" <<'END'
use lifespan::{App, Report, lifespan_task};

#[lifespan_task(once)]
async fn hello() {
    println!("hello");
}

#[tokio::main]
async fn main() -> Report {
    App::new().launch().await
}
END
done
programs="bare without_config with_config"
for program in $programs; do
    # What this checkout has locked is what its builds have fetched: nothing else is needed then.
    if [ -n "$quick" ] && [ -f "$here/Cargo.lock" ]; then
        cp "$here/Cargo.lock" "$work/$program/Cargo.lock"
    else
        cargo fetch --manifest-path "$work/$program/Cargo.toml"
    fi
    # They share what they have in common: only debug builds are measured.
    cargo build --release --manifest-path "$work/$program/Cargo.toml" --target-dir "$work/released"
done

# clean_build PROGRAM: adds what a clean debug build takes to the program's files.
clean_build() {
    rm -rf "$work/$1/target/debug"
    cpu "$stopwatch" wall "$work/$1.wall" cargo build --manifest-path "$work/$1/Cargo.toml" >>"$work/$1.clean"
}

# size PROGRAM: in KiB.
size() { echo $(($(wc -c <"$work/released/release/$1") / 1024)); }

first_tasks() {
    "$stopwatch" first-task $starts "$work/released/release/bare" \
        "$work/released/release/without_config" "$work/released/release/with_config"
}

if [ -n "$quick" ]; then
    for program in $programs; do
        clean_build $program
    done
    # line WHAT BARE WITHOUT_CONFIG WITH_CONFIG UNIT GOALS
    line() {
        echo "$1: $("$stopwatch" ratio "$3" "$2")× without config, $("$stopwatch" ratio "$4" "$2")× with config of bare tokio's $2 $5 (goals $6)"
    }
    line "Stripped release size" "$(size bare)" "$(size without_config)" "$(size with_config)" KiB "≤ 1.6×, ≤ 2.5×"
    line "Exec to first task, of $starts starts" $(first_tasks) ms "≤ 1.05×, ≤ 1.15×"
    line "Clean debug build, user CPU" "$(cat "$work/bare.clean")" "$(cat "$work/without_config.clean")" \
        "$(cat "$work/with_config.clean")" s "≤ 1.8×, ≤ 2.6×"
    exit
fi

if wants first-task; then
    echo "From exec to the first task, medians of $starts starts"
    echo "| program | time | ratio | goal |"
    echo "|---|--:|--:|--:|"
    set -- $(first_tasks)
    row "bare tokio" "$1" "$1" "" ms
    row "lifespan without config" "$2" "$1" "≤ 1.05×" ms
    row "lifespan" "$3" "$1" "≤ 1.15×" ms
    echo
fi

if wants size; then
    echo "Stripped release size of hello world"
    echo "| program | size | ratio | goal |"
    echo "|---|--:|--:|--:|"
    row "bare tokio" "$(size bare)" "$(size bare)" "" KiB
    row "lifespan without config" "$(size without_config)" "$(size bare)" "≤ 1.6×" KiB
    row "lifespan" "$(size with_config)" "$(size bare)" "≤ 2.5×" KiB
    echo
fi

if wants crates; then
    echo "Crates in the tree, the program's own left out"
    echo "| program | crates | ratio | goal |"
    echo "|---|--:|--:|--:|"
    crates() {
        (cd "$work/$1" && cargo tree -e normal,build --prefix none --format '{p}') | sed 's/ (\*)$//' | sort -u | grep -cv "^$1 "
    }
    row "bare tokio" "$(crates bare)" "$(crates bare)" "" ""
    row "lifespan without config" "$(crates without_config)" "$(crates bare)" "" ""
    row "lifespan" "$(crates with_config)" "$(crates bare)" "" ""
    echo
fi

if wants build; then
    round=0
    while [ $round -lt "$rounds" ]; do
        for program in $programs; do
            clean_build $program
        done
        round=$((round + 1))
    done
    for measure in wall clean; do
        of() { "$stopwatch" median <"$work/$1.$measure"; }
        [ $measure = wall ] && what="time on the clock" goals="≤ 1.6× ≤ 2.2×" || what="user CPU" goals="≤ 1.8× ≤ 2.6×"
        echo "Clean debug build of hello world: $what, medians of $rounds"
        echo "| program | time | ratio | goal |"
        echo "|---|--:|--:|--:|"
        row "bare tokio" "$(of bare)" "$(of bare)" "" s
        row "lifespan without config" "$(of without_config)" "$(of bare)" "${goals% ≤*}" s
        row "lifespan" "$(of with_config)" "$(of bare)" "≤${goals##*≤}" s
        echo
    done
fi

# generate NAME HEAD ATTRIBUTE: writes main.rs with the functions, and then what standard input gives.
generate() {
    {
        echo "$2"
        number=0
        while [ $number -lt $functions ]; do
            echo "
/// Says something now and then.
$3
pub async fn work_$number(count: u32, label: String) {
    for turn in 0..count {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        println!(\"{label} {turn} {}\", $number);
    }
}"
            number=$((number + 1))
        done
        cat
    } >"$work/$1/src/main.rs"
}

if wants functions; then
    variants="plain by_hand annotated annotated_without_config"
    crate plain "$tokio"
    crate by_hand "$tokio"
    crate annotated "$with_config"
    crate annotated_without_config "$without_config"
    generate plain '#![allow(dead_code)]' '' <<'END'

#[tokio::main]
async fn main() {}
END
    {
        echo "
#[tokio::main]
async fn main() {
    let mut tasks = tokio::task::JoinSet::new();"
        number=0
        while [ $number -lt $functions ]; do
            echo "    tasks.spawn(work_$number($number, String::from(\"$number\")));"
            number=$((number + 1))
        done
        echo "    while tasks.join_next().await.is_some() {}
}"
    } | generate by_hand '' ''
    for variant in annotated annotated_without_config; do
        generate $variant 'use lifespan::{App, Report, lifespan_task};' '#[lifespan_task]' <<'END'

#[tokio::main]
async fn main() -> Report {
    App::new().launch().await
}
END
    done
    for what in check build "build --release"; do
        for variant in $variants; do
            (cd "$work/$variant" && cargo $what)
        done
        round=0
        while [ $round -lt "$rounds" ]; do
            for variant in $variants; do
                touch "$work/$variant/src/main.rs"
                (cd "$work/$variant" && cpu cargo $what) >>"$work/$variant.cpu"
            done
            round=$((round + 1))
        done
        user() { "$stopwatch" median <"$work/$1.cpu"; }
        echo "\`cargo $what\` of $functions functions with two arguments: user CPU, medians of $rounds"
        if [ "$what" = check ]; then
            floor=plain goal="≤ 4×"
            echo "| functions | CPU | to plain functions | goal |"
        else
            floor=by_hand goal="≤ 0.4×"
            echo "| functions | CPU | to spawning by hand | goal |"
        fi
        echo "|---|--:|--:|--:|"
        row "plain, never called" "$(user plain)" "$(user $floor)" "" s
        row "handed to \`JoinSet::spawn\`" "$(user by_hand)" "$(user $floor)" "" s
        row "annotated, without config" "$(user annotated_without_config)" "$(user $floor)" "$goal" s
        row "annotated" "$(user annotated)" "$(user $floor)" "$goal" s
        echo
        for variant in $variants; do : >"$work/$variant.cpu"; done
    done
fi
