using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>Names of key slots go to the journal and to terminals.</summary>
public sealed class OperatorNameTests
{
    [Theory]
    [InlineData("anna")]
    [InlineData("Иван Петров")]
    [InlineData("on-call (2)")]
    public void NamesOfPeopleAreTaken(string name) => Assert.Null(OperatorName.FindFault(name));

    [Theory]
    [InlineData("")]
    [InlineData(" anna")]
    [InlineData("an\nna")]
    [InlineData("an\u001b[2Jna")]
    [InlineData("an'na")]
    [InlineData("\u202eanna")]
    [InlineData("12")]
    public void WhatWouldMisleadIsNot(string name) => Assert.NotNull(OperatorName.FindFault(name));

    [Fact]
    public void LongNamesAreNot() => Assert.NotNull(OperatorName.FindFault(new string('a', 65)));
}
