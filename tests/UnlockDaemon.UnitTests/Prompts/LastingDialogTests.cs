using Microsoft.Extensions.Logging.Abstractions;
using UnlockDaemon.Service.Prompts;
using Xunit;

namespace UnlockDaemon.UnitTests.Prompts;

/// <summary>Dialogs that outlive what goes wrong in them.</summary>
public sealed class LastingDialogTests
{
    private readonly LastingDialog _lasting = new(NullLogger.Instance);
    private int _tries;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task IsTriedAgainWhateverWentWrong()
    {
        await _lasting.RunAsync("tty1",
            _ => ++_tries == 1 ? throw new InvalidOperationException("unexpected") : Task.CompletedTask,
            canGoOn: null, Cancellation);
        Assert.Equal(2, _tries);
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(0, 1, 2)]
    [InlineData(0, 256, 300)]
    [InlineData(0, 300, 300)]
    [InlineData(3600, 300, 1)]
    public void WaitsLongerEachTimeUntilItWentWellAgain(double lasted, double before, double pause) =>
        Assert.Equal(
            TimeSpan.FromSeconds(pause),
            LastingDialog.PauseAfter(TimeSpan.FromSeconds(lasted), TimeSpan.FromSeconds(before)));

    [Fact]
    public async Task EndsWhereItCannotGoOn()
    {
        await _lasting.RunAsync("tty1", _ =>
        {
            _tries++;
            throw new InvalidOperationException("unexpected");
        }, static () => false, Cancellation);
        Assert.Equal(1, _tries);
    }
}
