#!/usr/bin/env python3
"""Boots simulated multi-socket hosts under QEMU's software CPU and runs things in them.

Usage: lab.py shell TOPOLOGY              a shell on the console (Ctrl-A X ends the host)
       lab.py run TOPOLOGY COMMAND        one command: its output, its exit status
       lab.py check [TOPOLOGY...] [--scenario NAME]
                                          the scenarios; the last line is "N passed, N failed"
       lab.py capture NAME [TOPOLOGY]     stores a host's topology in tests/data/hosts; without TOPOLOGY
                                          this machine's
       lab.py list                        topologies and scenarios

A topology is tests/lab/topologies/NAME.conf, a scenario tests/lab/scenarios/NAME.sh; docs/lab.md
describes both. What goes into a host travels as a tar on its first disk, what comes out as a tar on
its second; the console only serves people, and says which scenario a hung host was in.
"""
import argparse, configparser, glob, gzip, io, json, os, re, select, shutil, subprocess, sys, tarfile
import tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
BOOT_LIMIT_S = 180
MARGIN_S = 30
SKIPPED = 77
RESULTS_SIZE = 64 << 20


def size_bytes(text):
    return int(text[:-1]) << {'M': 20, 'G': 30}[text[-1]]


class Topology:
    """One .conf file: nodes in order, each with its package, CPUs, memory and distances."""

    def __init__(self, name):
        self.name = name
        path = f'{HERE}/topologies/{name}.conf'
        parser = configparser.ConfigParser(inline_comment_prefixes=('#',))
        if not parser.read(path):
            known = ' '.join(topology_names())
            sys.exit(f'lab: no topology "{name}"; there are {known}')
        self.offline = parser.get('host', 'offline', fallback='')
        self.nodes = []
        for index in range(sum(section.startswith('node ') for section in parser.sections())):
            self.nodes.append(dict(parser[f'node {index}']))
        self.number_cpus()

    def number_cpus(self):
        """QEMU numbers CPUs by package, then by die; a node with CPUs is one die."""
        self.with_cpus = [node for node in self.nodes if 'cpus' in node]
        if [int(n['package']) for n in self.with_cpus] != sorted(int(n['package']) for n in self.with_cpus):
            sys.exit(f'lab: {self.name}: nodes must be listed package by package')
        if len({node['cpus'] for node in self.with_cpus}) != 1:
            sys.exit(f'lab: {self.name}: every node with CPUs must have the same number of them')
        self.packages = len({node['package'] for node in self.with_cpus})
        self.dies, rest = divmod(len(self.with_cpus), self.packages)
        self.cores = int(self.with_cpus[0]['cpus'])
        if rest:
            sys.exit(f'lab: {self.name}: every package must have the same number of nodes')
        for rank, node in enumerate(self.with_cpus):
            node['first_cpu'] = rank * self.cores
            node['die'] = rank % self.dies

    def node_arguments(self, index, node):
        out = ['-numa', f'node,nodeid={index}']
        if 'memory' in node:
            out = ['-object', f'memory-backend-ram,id=ram{index},size={node["memory"]}'] + out
            out[-1] += f',memdev=ram{index}'
        if self.has_hmat():
            out[-1] += f',initiator={node.get("initiator", index)}'
        if 'cpus' in node:
            die = f',die-id={node["die"]}' if self.dies > 1 else ''
            out += ['-numa', f'cpu,node-id={index},socket-id={node["package"]}{die}']
        return out

    def has_hmat(self):
        return any('latency_ns' in node for node in self.nodes)

    def cost_arguments(self):
        out = []
        for a, node in enumerate(self.nodes):
            for b, value in enumerate(node.get('distances', '').split()):
                out += ['-numa', f'dist,src={a},dst={b},val={value}']
        initiators = [index for index, node in enumerate(self.nodes) if 'cpus' in node]
        for target, node in enumerate(self.nodes):
            for key, kind, unit in (('latency_ns', 'access-latency', 'latency'),
                                    ('bandwidth', 'access-bandwidth', 'bandwidth')):
                for source, value in zip(initiators, node.get(key, '').split()):
                    out += ['-numa', f'hmat-lb,initiator={source},target={target},hierarchy=memory,'
                            f'data-type={kind},{unit}={value}']
        return out

    def arguments(self):
        cpus = len(self.with_cpus) * self.cores
        memory = sum(size_bytes(node['memory']) for node in self.nodes if 'memory' in node)
        out = ['-machine', 'q35' + (',hmat=on' if self.has_hmat() else ''),
               '-smp', f'{cpus},sockets={self.packages},dies={self.dies},cores={self.cores},threads=1',
               '-m', f'{memory >> 20}M']
        for index, node in enumerate(self.nodes):
            out += self.node_arguments(index, node)
        return out + self.cost_arguments()

    def offline_cpus(self):
        return {int(cpu) for cpu in self.offline.split()}

    def cpus_of(self, node):
        first = node.get('first_cpu', 0)
        return [cpu for cpu in range(first, first + int(node.get('cpus', 0)))
                if cpu not in self.offline_cpus()]

    def facts(self):
        """What scenarios compare with: /lab/topology.json on the host."""
        return {
            'name': self.name,
            'packages': self.packages,
            'offline': sorted(self.offline_cpus()),
            'cpus': [cpu for node in self.with_cpus for cpu in self.cpus_of(node)],
            'nodes': [{
                'id': index,
                'package': int(node['package']) if 'package' in node else None,
                'cpus': self.cpus_of(node),
                'memory': size_bytes(node['memory']) if 'memory' in node else 0,
                'distances': [int(word) for word in node.get('distances', '10').split()],
                'latency_ns': [int(word) for word in node.get('latency_ns', '').split()],
            } for index, node in enumerate(self.nodes)],
        }


def names(folder, suffix):
    return sorted(os.path.basename(path)[:-len(suffix)] for path in glob.glob(f'{HERE}/{folder}/*{suffix}'))


def topology_names():
    return names('topologies', '.conf')


class Scenario:
    """One .sh file; the comment lines at its top say what it shows and where it runs."""

    def __init__(self, name):
        self.name = name
        self.path = f'{HERE}/scenarios/{name}.sh'
        with open(self.path) as file:
            text = file.read()
        match = re.search(r'^# topologies: (.*)$', text, re.M)
        self.topologies = match.group(1).split() if match else []
        match = re.search(r'^# limit: (\d+) s$', text, re.M)
        self.limit_s = int(match.group(1)) if match else 60
        wrong = set(self.topologies) - set(topology_names()) - {'all'}
        if not self.topologies or wrong:
            sys.exit(f'lab: {self.path}: "# topologies:" must list topologies or "all"; {" ".join(wrong)}')

    def runs_on(self, topology):
        return 'all' in self.topologies or topology in self.topologies


def libraries(programs):
    """Shared libraries of the programs, as (path on the host, path here)."""
    found = {}
    for program in programs:
        done = subprocess.run(['ldd', program], capture_output=True, text=True)
        for name, path in re.findall(r'^\s+(\S+) => (\S+) \(', done.stdout, re.M):
            found[f'usr/lib/{name}'] = path
        for name in re.findall(r'^\s+(\S+) => not found', done.stdout, re.M):
            sys.exit(f'lab: {program} needs {name}, which is not here')
    return sorted(found.items())


class Payload:
    """The tar on a host's first disk: what the tree built, and the job."""

    def __init__(self, path, build):
        self.tar = tarfile.open(path, 'w')
        self.add_programs(build)
        for path in glob.glob(f'{HERE}/scenarios/*.sh') + glob.glob(f'{HERE}/host/*'):
            self.add_file('lab/' + os.path.relpath(path, HERE), path)
        for path in glob.glob(f'{HERE}/../../examples/*.yaml'):
            self.add_file(f'lab/examples/{os.path.basename(path)}', path)

    def add_programs(self, build):
        programs = {f'lab/bin/{os.path.basename(path)}': path
                    for path in glob.glob(f'{build}/tests/lab/*') if os.path.isfile(path)}
        for name in ('unit', 'kvm-tests'):
            if os.path.exists(f'{build}/tests/{name}'):
                programs[f'lab/bin/{name}'] = f'{build}/tests/{name}'
        programs['usr/bin/situ'] = f'{build}/situ'
        for name, path in list(programs.items()) + libraries(programs.values()):
            self.add_file(name, path)

    def add_file(self, name, path):
        info = self.tar.gettarinfo(os.path.realpath(path), name)
        info.uid = info.gid = 0
        with open(path, 'rb') as file:
            self.tar.addfile(info, file)

    def add_text(self, name, text):
        data = text.encode()
        info = tarfile.TarInfo(name)
        info.size = len(data)
        info.mode = 0o755
        self.tar.addfile(info, io.BytesIO(data))


class Host:
    """One run of QEMU. Files live in a folder of its own, which goes away with it."""

    def __init__(self, topology, options):
        self.topology = topology
        self.options = options
        self.folder = tempfile.mkdtemp(prefix='situ-lab-')
        self.console = []
        self.payload = Payload(f'{self.folder}/payload', options.build)
        self.payload.add_text('lab/topology.json', json.dumps(topology.facts(), indent=1))
        self.payload.add_text('lab/offline', ''.join(f'{cpu}\n' for cpu in sorted(topology.offline_cpus())))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def command(self, job):
        self.payload.add_text('lab/job', job)
        self.payload.tar.close()
        with open(f'{self.folder}/results', 'wb') as file:
            file.truncate(RESULTS_SIZE)
        drives = []
        for name, writable in (('payload', False), ('results', True)):
            drives += ['-drive', f'file={self.folder}/{name},format=raw,if=virtio,cache=unsafe,'
                       f'readonly={"off" if writable else "on"}']
        image = self.options.image
        tsc_khz = subprocess.run([f'{self.options.build}/tests/lab/tsc-khz'], capture_output=True, text=True,
                                 check=True).stdout.strip()
        if self.options.bench:
            drives += ['-drive', f'file={image}/bench.ext4,format=raw,if=virtio,readonly=on']
        return (['qemu-system-x86_64', '-accel', 'tcg,thread=multi', '-cpu', 'EPYC,+svm,+npt',
                 '-nodefaults', '-no-user-config', '-vga', 'none', '-nic', 'none', '-display', 'none',
                 '-no-reboot', '-kernel', f'{image}/vmlinuz', '-initrd', f'{image}/base.cpio', '-append',
                 f'console=ttyS0 quiet tsc=reliable tsc_early_khz={tsc_khz} mitigations=off panic=-1'
                 ' rdinit=/init']
                + self.topology.arguments() + drives)

    def shell(self):
        columns, rows = shutil.get_terminal_size()
        job = f'stty rows {rows} cols {columns}\ncat /lab/host/welcome\ncd /root\nsetsid cttyhack sh -l\n'
        console = ['-chardev', 'stdio,id=console,mux=on,signal=off', '-serial', 'chardev:console',
                   '-mon', 'chardev=console']
        with open(f'{self.folder}/qemu.log', 'w') as log:
            return subprocess.run(self.command(job) + console, stderr=log).returncode

    def run(self, job, limits):
        """Runs the job to the end; True, or False if the host hung and was killed.

        limits: seconds that each "lab: begin NAME" on the console allows until the next such line.
        """
        with open(f'{self.folder}/qemu.log', 'w') as log:
            qemu = subprocess.Popen(self.command(job) + ['-serial', 'stdio'], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=log)
        try:
            return self.follow(qemu, limits)
        finally:
            qemu.kill()
            qemu.wait()

    def follow(self, qemu, limits):
        deadline = time.monotonic() + BOOT_LIMIT_S
        pending = b''
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if not select.select([qemu.stdout], [], [], left)[0]:
                continue
            data = os.read(qemu.stdout.fileno(), 65536)
            if not data:
                break
            *lines, pending = (pending + data).split(b'\n')
            for line in (raw.decode(errors='replace').rstrip('\r') for raw in lines):
                self.console.append(line)
                if line.startswith('lab: begin '):
                    deadline = time.monotonic() + limits.get(line.split()[2], 0) + MARGIN_S
        qemu.wait()
        return True

    def results(self):
        """Result files by name; what a killed host had not written yet is absent."""
        found = {}
        try:
            with tarfile.open(f'{self.folder}/results', 'r:') as tar:
                for member in tar:
                    if member.isfile():
                        found[member.name.removeprefix('./')] = tar.extractfile(member).read()
        except tarfile.ReadError:
            pass
        return found

    def last_words(self):
        with open(f'{self.folder}/qemu.log') as file:
            errors = [line for line in file.read().splitlines() if "TCG doesn't support" not in line]
        return [f'  qemu: {line}' for line in errors] + [f'  console: {line}' for line in self.console[-30:]]


def run_command(options):
    topology = Topology(options.topology)
    with Host(topology, options) as host:
        host.payload.add_text('lab/command', options.command + '\n')
        job = ('echo lab: begin command\n'
               'sh -l /lab/command >/lab/results/stdout 2>/lab/results/stderr\n'
               'echo $? >/lab/results/status\n')
        finished = host.run(job, {'command': options.limit})
        results = host.results()
        sys.stdout.buffer.write(results.get('stdout', b''))
        sys.stdout.flush()
        sys.stderr.buffer.write(results.get('stderr', b''))
        if 'status' in results and finished:
            return int(results['status'])
        what = 'ended without a result' if finished else f'hung for {options.limit} s and was killed'
        print(f'lab: the host {topology.name} {what}; its last words:', *host.last_words(),
              sep='\n', file=sys.stderr)
        return 125


def boot_shell(options):
    with Host(Topology(options.topology), options) as host:
        status = host.shell()
        if status:
            print(*host.last_words(), sep='\n', file=sys.stderr)
        return status


class Tally:
    def __init__(self, logs):
        self.passed = self.failed = self.skipped = 0
        self.logs = logs
        shutil.rmtree(logs, ignore_errors=True)
        os.makedirs(logs)

    def keep_log(self, topology, scenario, text):
        path = f'{self.logs}/{topology}-{scenario}.log'
        with open(path, 'w') as file:
            file.write(text)
        return path

    def add(self, topology, scenario, status, seconds, log):
        """Prints the line of one scenario; status None: the host did not get to its end."""
        word = {0: 'ok', SKIPPED: 'skipped'}.get(status, 'FAILED')
        line = f'{word:7} {topology:12} {scenario:32} {seconds:>6}'
        if word == 'ok':
            self.passed += 1
        elif word == 'skipped':
            self.skipped += 1
            line += '  ' + (log.strip().splitlines() or ['no reason given'])[-1]
        else:
            self.failed += 1
            path = self.keep_log(topology, scenario, log)
            tail = ''.join(f'\n    {text}' for text in log.splitlines()[-8:])
            line += f'  exit status {status}, log in {path}{tail}'
        print(line, flush=True)


def check_host(topology, scenarios, options, tally):
    """Boots one host and runs all its scenarios; each is counted, whatever happens to the host."""
    begin = time.monotonic()
    with Host(Topology(topology), options) as host:
        listing = ''.join(f'{scenario.name} {scenario.limit_s}\n' for scenario in scenarios)
        host.payload.add_text('lab/scenarios/list', listing)
        limits = {scenario.name: scenario.limit_s for scenario in scenarios}
        finished = host.run('. /lab/host/run-scenarios.sh\n', limits)
        results = host.results()
        for scenario in scenarios:
            log = results.get(f'{scenario.name}.log', b'').decode(errors='replace')
            status = results.get(f'{scenario.name}.status')
            if status is None:
                what = 'ended' if finished else 'hung and was killed'
                words = '\n'.join(host.last_words())
                tally.add(topology, scenario.name, None, '-', f'{log}\nthe host {what} first\n{words}')
                continue
            code, seconds = status.split()
            tally.add(topology, scenario.name, int(code), seconds.decode() + ' s', log)
        with open(f'{tally.logs}/{topology}-console.log', 'w') as file:
            file.write('\n'.join(host.console))
    print(f'        {topology}: {time.monotonic() - begin:.0f} s', flush=True)


def check(options):
    scenarios = [Scenario(name) for name in names('scenarios', '.sh')]
    if options.scenario:
        scenarios = [scenario for scenario in scenarios if scenario.name == options.scenario]
    tally = Tally(options.logs)
    for topology in options.topologies or topology_names():
        here = [scenario for scenario in scenarios if scenario.runs_on(topology)]
        if here:
            check_host(topology, here, options, tally)
    skipped = f', {tally.skipped} skipped' if tally.skipped else ''
    print(f'{tally.passed} passed, {tally.failed} failed{skipped}')
    return 1 if tally.failed or not tally.passed else 0


def anonymous(info):
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ''
    info.mode = 0o755 if info.isdir() else 0o644
    return info


def store_host(name, folder):
    """folder/tree becomes one compressed file, the same for the same content; the map lies beside it."""
    to = os.path.join(os.path.dirname(HERE), 'data/hosts')
    os.makedirs(to, exist_ok=True)
    shutil.copy(f'{folder}/map.xml', f'{to}/{name}.xml')
    with open(f'{to}/{name}.tar.gz', 'wb') as raw, \
            gzip.GzipFile('', 'wb', mtime=0, fileobj=raw) as packed, \
            tarfile.open(fileobj=packed, mode='w') as tar:
        for top in sorted(os.listdir(f'{folder}/tree')):
            tar.add(f'{folder}/tree/{top}', top, filter=anonymous)
    print(f'{to}/{name}.tar.gz: {os.path.getsize(f"{to}/{name}.tar.gz")} bytes')
    return 0


def capture(options):
    with tempfile.TemporaryDirectory() as folder:
        if not options.topology:
            subprocess.run([f'{HERE}/host/capture.sh', folder], check=True)
            return store_host(options.name, folder)
        with Host(Topology(options.topology), options) as host:
            host.run('echo lab: begin capture\nsh /lab/host/capture.sh /lab/results/capture\n', {'capture': 120})
            with tarfile.open(f'{host.folder}/results', 'r:') as tar:
                tar.extractall(folder, filter='tar')
        return store_host(options.name, f'{folder}/capture')


def show_list(_):
    for name in topology_names():
        with open(f'{HERE}/topologies/{name}.conf') as file:
            print(f'topology {name:14} {file.readline().lstrip("# ").rstrip()}')
    for name in names('scenarios', '.sh'):
        print(f'scenario {name:32} {" ".join(Scenario(name).topologies)}')
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--image', default='build/lab', help='folder with vmlinuz and base.cpio')
    parser.add_argument('--build', default='build', help='folder with situ and the test programs')
    parser.add_argument('--bench', action='store_true', help='mount bench.ext4 at /bench')
    parser.add_argument('--logs', default='build/lab/logs')
    verbs = parser.add_subparsers(dest='verb', required=True)
    verb = verbs.add_parser('shell')
    verb.add_argument('topology')
    verb.set_defaults(function=boot_shell)
    verb = verbs.add_parser('run')
    verb.add_argument('topology')
    verb.add_argument('command')
    verb.add_argument('--limit', type=int, default=600, help='seconds after which the host counts as hung')
    verb.set_defaults(function=run_command)
    verb = verbs.add_parser('check')
    verb.add_argument('topologies', nargs='*')
    verb.add_argument('--scenario')
    verb.set_defaults(function=check)
    verb = verbs.add_parser('capture')
    verb.add_argument('name')
    verb.add_argument('topology', nargs='?')
    verb.set_defaults(function=capture)
    verbs.add_parser('list').set_defaults(function=show_list)
    options = parser.parse_args()
    sys.exit(options.function(options))


main()
