#!/usr/bin/env python3
"""Runs the tests of one build folder and sums them: "N passed, N failed, N skipped" is the last line.

Usage: run.py BUILD [--filter PATTERN]      unit and KVM tests, then the fuzz corpora
       run.py BUILD --race NAME...          the threaded programs, expected under ThreadSanitizer

A sanitizer finding fails the run even where the test framework lets it pass: every process writes
its findings to BUILD/sanitizer/, and any file there is a failure.
"""
import argparse, glob, json, os, re, shutil, subprocess, sys


def sanitizer_folder(build):
    folder = os.path.abspath(os.path.join(build, 'sanitizer'))
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'LSAN_OPTIONS'):
        extra = os.environ.get(name, '')
        os.environ[name] = f'{extra}:log_path={folder}/report:print_stacktrace=1'.lstrip(':')
    return folder


FILTERED_OUT = 'The test was skipped.'  # what Criterion says of tests that --filter leaves out


def skipped_tests(report):
    """Prints each test that skipped itself with its reason; returns their number."""
    count = 0
    for suite in report.get('test_suites', []):
        for test in suite.get('tests', []):
            if test.get('status') == 'SKIPPED':
                reason = ' '.join(test.get('messages') or [])
                if reason == FILTERED_OUT:
                    continue
                print(f"  skipped {suite['name']}::{test['name']}: {reason or 'no reason given'}")
                count += 1
    return count


def from_synthesis(program, done):
    """Criterion does not escape what it writes, so a failed assertion can break its report: take
    the numbers from its last line then. A skipped test is not counted there."""
    found = re.search(r'Tested: \S*?(\d+)\S* \| Passing: \S*?(\d+)\S* \| Failing: \S*?(\d+)\S* \| '
                      r'Crashing: \S*?(\d+)', done.stdout)
    if not found:
        print(f'{program}: ended without a report (exit status {done.returncode})')
        return 0, 1, 0
    _, passed, failed, crashed = map(int, found.groups())
    return passed, max(failed + crashed, 1), 0


def criterion(program, pattern):
    """(passed, failed, skipped) of one Criterion program."""
    out = program + '.json'
    if os.path.exists(out):
        os.unlink(out)
    command = [program, '--json=' + out, '-j2']
    if pattern:
        command += ['--filter', pattern]
    done = subprocess.run(command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True,
                          errors='replace')
    code = done.returncode
    for line in done.stdout.splitlines():
        if not line.startswith(('[RUN ', '[PASS]', '[SKIP]', '[====]')) and 'Writing json' not in line:
            print(line)
    try:
        with open(out) as file:
            report = json.load(file)
    except (OSError, ValueError):
        return from_synthesis(program, done)
    skipped = skipped_tests(report)
    counts = report['passed'], report['failed'] + report['errored'], skipped
    if not pattern and not sum(counts):
        print(f'{program}: ran no test; is /proc mounted?')
        return 0, 1, 0
    if code and not counts[1]:
        print(f'{program}: exit status {code} although every test passed')
        return counts[0], 1, counts[2]
    return counts


def program(command, what):
    """(passed, failed, skipped) of one plain program: exit status 0 passes, 77 is a skip."""
    done = subprocess.run(command, capture_output=True, text=True, errors='replace')
    if done.returncode == 77:
        print(f'  skipped {what}: {(done.stdout + done.stderr).strip()}')
        return 0, 0, 1
    if done.returncode:
        print(f'  FAILED {what} (exit status {done.returncode})\n{done.stdout}{done.stderr}')
        return 0, 1, 0
    return 1, 0, 0


def replay(path):
    """One fuzz target over its whole corpus."""
    name = os.path.basename(path)
    corpus = sorted(glob.glob(f'tests/fuzz/corpus/{name}/*'))
    if not corpus:
        print(f'  FAILED fuzz corpus {name}: it is empty')
        return 0, 1, 0
    return program([path] + corpus, f'fuzz corpus {name}')


def findings(folder):
    reports = sorted(glob.glob(folder + '/report*'))
    for path in reports:
        with open(path, errors='replace') as file:
            print(f'--- {path}\n{file.read()}')
    return len(reports)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('build')
    parser.add_argument('--filter')
    parser.add_argument('--race', nargs='*')
    options = parser.parse_args()
    folder = sanitizer_folder(options.build)
    results = []
    if options.race is not None:
        results += [program([f'{options.build}/tests/race/{name}'], f'race {name}')
                    for name in options.race]
    else:
        results += [criterion(path, options.filter)
                    for path in (options.build + '/tests/unit', options.build + '/tests/kvm-tests')
                    if os.path.exists(path)]
        if not options.filter:
            names = [os.path.basename(path)[len('fuzz_'):-len('.c')]
                     for path in sorted(glob.glob('tests/fuzz/fuzz_*.c'))]
            results += [replay(f'{options.build}/tests/replay/{name}') for name in names]
    passed, failed, skipped = (sum(column) for column in zip(*results)) if results else (0, 0, 0)
    failed += findings(folder)
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    sys.exit(1 if failed or not passed else 0)


main()
