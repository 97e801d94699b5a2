using UnlockDaemon.Demo;
using UnlockDaemon.Rig;

// Started by packaging/demo, which has made the image and, for a person, has put the terminal into raw mode.
if (args is not [string image, .. string[] rest] || rest is not ([] or ["--auto"]))
{
    Console.Error.WriteLine("usage: UnlockDaemon.Demo IMAGE [--auto]; packaging/demo calls it");
    return 64;
}

bool automatic = rest.Length == 1;
using Screen screen = new(raw: !automatic);
using CancellationTokenSource quit = new();
using Operator person = new(screen, automatic, quit);
Demonstration demonstration = new(new GuestImage(image), screen, person);
try
{
    await demonstration.RunAsync(quit.Token);
    return 0;
}
catch (OperationCanceledException) when (quit.IsCancellationRequested)
{
    screen.Say("You left the demonstration.");
    return 130;
}
catch (Exception failure)
{
    // Whatever it is: the demonstration has failed, and says at which step and why, with the console's last words.
    screen.Fail(demonstration.Step, failure.Message);
    return 1;
}
