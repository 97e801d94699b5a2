using UnlockDaemon;
using UnlockDaemon.Cli;
using UnlockDaemon.Linux;

ProcessHardening.Apply();

// One executable, two names: what it was called by says which of the two it is.
string calledAs = Path.GetFileName(KernelText.Read("/proc/self/cmdline").Split('\0')[0]);
return calledAs == "unlockctl" ? await Unlockctl.RunAsync(args) : await Daemon.RunAsync(args);
